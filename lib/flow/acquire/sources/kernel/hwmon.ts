/**
 * Every input of every chip in /sys/class/hwmon (kernel: Documentation/hwmon/sysfs-interface.rst): what
 * the board measures about itself. A sensor is named by its chip and the label of its channel, never by
 * `hwmonN`, which changes from boot to boot; chips of the same kind are told apart by their address.
 */

import { join } from 'node:path';
import type { Unit } from '../../../reading.ts';
import type { Measurement } from '../../sensor-source.ts';
import { createUniqueNames, nameOf } from '../names.ts';
import { listNames, readInteger, readLinkName, readText } from './kernel-files.ts';

interface Kind {
  readonly metric: string;
  readonly unit: Unit;
  /** The kernel counts in this fraction of the unit. */
  readonly perUnit: number;
}

/** The kinds of channels, with the scales that sysfs-interface.rst gives them. */
const KINDS: Readonly<Record<string, Kind>> = {
  temp: { metric: 'temperature', unit: 'celsius', perUnit: 1_000 },
  in: { metric: 'voltage', unit: 'volt', perUnit: 1_000 },
  fan: { metric: 'speed', unit: 'rpm', perUnit: 1 },
  curr: { metric: 'current', unit: 'ampere', perUnit: 1_000 },
  power: { metric: 'power', unit: 'watt', perUnit: 1_000_000 },
  energy: { metric: 'energy', unit: 'joule', perUnit: 1_000_000 },
  humidity: { metric: 'humidity', unit: 'percent', perUnit: 1_000 },
};

/** The firmware's verdict on the power supply of a Raspberry Pi (driver rpi_volt, which has no voltage itself). */
const UNDERVOLTAGE: Kind = { metric: 'undervoltage', unit: 'bit', perUnit: 1 };

interface Chip {
  readonly dir: string;
  readonly name: string;
  readonly device: string;
}

export async function readHwmon(sysDir: string, signal: AbortSignal): Promise<readonly Measurement[]> {
  const chips = await listChips(join(sysDir, 'class/hwmon'), signal);
  const names = new Map<Kind, (name: string) => string>();
  // A voltage and a current may share their label, and so their sensor; two temperatures may not.
  const unique = (kind: Kind, name: string) => {
    const take = names.get(kind) ?? createUniqueNames();
    names.set(kind, take);
    return take(name);
  };
  const measurements: Measurement[] = [];
  for (const chip of chips) {
    const alone = chips.filter((other) => other.name === chip.name).length === 1;
    measurements.push(...(await readChip(chip, alone ? chip.name : addressOf(chip), unique, signal)));
  }
  return measurements;
}

async function listChips(root: string, signal: AbortSignal): Promise<readonly Chip[]> {
  const chips: Chip[] = [];
  for (const entry of await listNames(root, signal)) {
    const dir = join(root, entry);
    const name = await readText(join(dir, 'name'), signal);
    if (name === undefined) continue;
    chips.push({ dir, name, device: (await readLinkName(join(dir, 'device'), signal)) ?? entry });
  }
  return chips;
}

/** `coretemp.1` says it all; `1-0048` needs its driver's name in front. */
function addressOf(chip: Chip): string {
  return chip.device.startsWith(chip.name) ? chip.device : `${chip.name}-${chip.device}`;
}

async function readChip(
  chip: Chip,
  chipName: string,
  unique: (kind: Kind, name: string) => string,
  signal: AbortSignal,
): Promise<readonly Measurement[]> {
  const files = await listNames(chip.dir, signal);
  const channels = files.flatMap((file) => channelOf(file) ?? []);
  const measurements: Measurement[] = [];
  for (const { file, channel, kind } of channels) {
    const label = files.includes(`${channel}_label`)
      ? await readText(join(chip.dir, `${channel}_label`), signal)
      : undefined;
    const only = channels.filter((other) => other.kind === kind).length === 1;
    const parts = label !== undefined && label !== '' ? [label] : only ? [] : [channel];
    const sensor = unique(kind, nameOf('hwmon', chipName, ...parts));
    if (
      files.includes(`${channel}_fault`) &&
      (await readInteger(join(chip.dir, `${channel}_fault`), signal)) === 1
    ) {
      continue; // The driver says that the probe is broken or missing; its value would be noise.
    }
    const raw = await readInteger(join(chip.dir, file), signal);
    if (raw === undefined) continue;
    measurements.push({ sensor, metric: kind.metric, unit: kind.unit, value: raw / kind.perUnit });
  }
  return measurements;
}

function channelOf(file: string): { file: string; channel: string; kind: Kind } | undefined {
  if (file === 'in0_lcrit_alarm') return { file, channel: 'in0', kind: UNDERVOLTAGE };
  const match = /^(([a-z]+)\d+)_input$/.exec(file);
  const kind = KINDS[match?.[2] ?? ''];
  return match?.[1] === undefined || kind === undefined ? undefined : { file, channel: match[1], kind };
}
