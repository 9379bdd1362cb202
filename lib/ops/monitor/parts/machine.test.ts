import { expect, it } from 'vitest';
import { recordedProbe } from '../../../../test/support/recorded-probe.ts';
import type { Probe } from '../../doctor/probe.ts';
import { LookFailed } from '../look-thread.ts';
import { machinePart } from './machine.ts';
import type { Eyes } from './part.ts';

const FILES = {
  '/proc/meminfo': 'MemTotal: 1000000 kB\nMemAvailable: 600000 kB\n',
  '/proc/vmstat': 'oom_kill 0\n',
  '/sys/class/thermal/thermal_zone0/temp': '48000\n',
};
const NOW = { at: 0, atMono: 0 };

function eyesOf(probe: Probe): Eyes {
  return { probe, ask: async () => expect.fail('it asks for files alone'), place: {} as Eyes['place'] };
}

it('a kernel that shows the file of memory pressure and refuses to read it has no pressure to tell, and all the rest', async () => {
  const probe = recordedProbe({ files: FILES });
  const readFile = async (path: string) => {
    if (path !== '/proc/pressure/memory') return probe.readFile(path);
    throw new LookFailed({ code: 'ENOTSUP', message: 'operation not supported on socket, read' });
  };

  const { machine } = await machinePart.look(eyesOf({ ...probe, readFile }), NOW);

  expect(machine).toMatchObject({ availableBytes: 600_000 * 1_024, memoryPressure: undefined, celsius: 48 });
});

it('the hottest zone is found among more than may be asked for at once', async () => {
  const zones = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [
      `/sys/class/thermal/thermal_zone${i}/temp`,
      `${40_000 + i * 1_000}\n`,
    ]),
  );
  const probe = recordedProbe({ files: { ...FILES, ...zones } });
  let waiting = 0;
  const readFile = async (path: string) => {
    waiting += 1;
    try {
      if (waiting > 16) throw new LookFailed({ code: undefined, message: 'too many looks wait already' });
      return await probe.readFile(path);
    } finally {
      waiting -= 1;
    }
  };

  const { machine } = await machinePart.look(eyesOf({ ...probe, readFile }), NOW);

  expect(machine?.celsius).toBe(79);
});
