/** The machine below the gateway: its disk, its memory, its heat and its power, as the kernel tells. */

import { codeOf } from '../../../base/errors.ts';
import { errorsOn } from '../../doctor/checks/disk-errors.ts';
import { memoryKib } from '../../doctor/checks/memory-available.ts';
import { powerWords, throttled } from '../../doctor/checks/power-supply.ts';
import { MOUNTS, mountIn } from '../../doctor/mounts.ts';
import { NotPermitted, type Probe } from '../../doctor/probe.ts';
import type { PartLook } from './part.ts';

export const diskPart: PartLook = {
  part: 'disk',
  async look({ ask, probe, place }) {
    const real = await ask('realPathOf', place.dataDir);
    const room = await ask('roomAt', place.dataDir);
    // It has gone with its disk, or was never made: whoever writes there says so.
    if (real === undefined || room === undefined) return {};
    const table = await probe.readFile(MOUNTS);
    const mount = table === undefined ? undefined : mountIn(table, real);
    const errors = mount === undefined ? undefined : await errorsOn(probe, mount);
    return {
      disk: { ...room, mountPoint: mount?.mountPoint, readOnly: mount?.readOnly ?? false, errors },
    };
  },
};

export const machinePart: PartLook = {
  part: 'machine',
  async look({ probe }) {
    const { total, available } = await memoryKib(probe);
    const bytes = (kib: number | undefined) => (kib === undefined ? undefined : kib * 1_024);
    return {
      machine: {
        memoryBytes: bytes(total),
        availableBytes: bytes(available),
        memoryPressure: numberIn(await pressure(probe), /^some .*\bavg300=([\d.]+)/m),
        celsius: await hottest(probe),
        power: await power(probe),
        oomKills: numberIn(await probe.readFile('/proc/vmstat'), /^oom_kill (\d+)$/m),
      },
    };
  },
};

/** Kernels that do not measure it, as those of Raspberry Pi OS without `psi=1`, may show the file and refuse to read it. */
async function pressure(probe: Probe): Promise<string | undefined> {
  try {
    return await probe.readFile('/proc/pressure/memory');
  } catch (error) {
    if (codeOf(error) === 'ENOTSUP') return undefined;
    throw error;
  }
}

function numberIn(text: string | undefined, pattern: RegExp): number | undefined {
  const said = pattern.exec(text ?? '')?.[1];
  return said === undefined ? undefined : Number(said);
}

const ZONES = '/sys/class/thermal';

async function hottest(probe: Probe): Promise<number | undefined> {
  const zones = ((await probe.list(ZONES)) ?? []).filter((name) => name.startsWith('thermal_zone'));
  const milli: number[] = [];
  // One after the other: some boards have more zones than questions may wait for the looking thread.
  for (const zone of zones) {
    // A zone that is asleep answers with an error.
    const text = await probe.readFile(`${ZONES}/${zone}/temp`).catch(() => undefined);
    if (/^-?\d+$/.test(text?.trim() ?? '')) milli.push(Number(text));
  }
  return milli.length === 0 ? undefined : Math.max(...milli) / 1_000;
}

async function power(probe: Probe): Promise<readonly string[] | undefined> {
  try {
    const bits = await throttled(probe);
    return bits === undefined ? undefined : powerWords(bits);
  } catch (error) {
    // Without the kernel's file only /dev/vcio tells, which is not for us.
    if (error instanceof NotPermitted) return undefined;
    throw error;
  }
}
