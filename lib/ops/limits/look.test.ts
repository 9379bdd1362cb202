import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INSTALLED } from '../../../test/support/doctor-rig.ts';
import { DENIED, HANGS, recordedProbe } from '../../../test/support/recorded-probe.ts';
import { SHIPPED_PLACE, shippedMachine } from '../../../test/support/shipped-machine.ts';
import { lookAtLimits, parseTimeSpan } from './look.ts';

describe('a time of systemd', () => {
  it.each([
    ['30s', 30_000],
    ['1min 30s', 90_000],
    ['250ms', 250],
    ['1h 500us', 3_600_000.5],
    ['2w 1d', 15 * 86_400_000],
    ['0', 0],
    ['infinity', Number.POSITIVE_INFINITY],
    ['', undefined],
    [undefined, undefined],
    ['soon', undefined],
    ['30', undefined],
    ['1 fortnight', undefined],
  ])('%j is %s ms', (text, ms) => {
    expect(parseTimeSpan(text)).toBe(ms);
  });

  it('may be anything, and is then a time or nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseTimeSpan(text);
        expect(ms === undefined || ms >= 0).toBe(true);
      }),
    );
  });
});

describe('the limits of a machine', () => {
  const lookAt = (recording: Parameters<typeof recordedProbe>[0], units = true) =>
    lookAtLimits(recordedProbe(recording), INSTALLED.limits, { ...SHIPPED_PLACE, units });

  it('are those of its units, its recovery script, its memory and its disk', async () => {
    const { units, recovery, machine } = await lookAt(shippedMachine());

    expect(units['sensor-main']).toMatchObject({
      watchdog: {
        name: 'WatchdogSec= of sensor-main',
        value: 30_000,
        place: '/etc/systemd/system/sensor-main.service',
      },
      stopTimeout: { value: 5_000 },
      memoryMax: { value: 512 * 1_048_576 },
      memoryTold: { value: 512 * 1_048_576 },
      filesMax: { value: 1_024 },
    });
    expect(recovery).toMatchObject({ restartsMax: { value: 3 }, cooldown: { value: 300_000 } });
    expect(machine).toMatchObject({ outboxTaken: { value: 1_048_576 } });
  });

  it('are unknown where systemd does not run it, where it has no such unit, where the user may not look, and where nobody answers', async () => {
    const missing = shippedMachine({ units: { 'sensor-main': { LoadState: 'not-found' } } });
    const asks = Object.keys(shippedMachine().commands ?? {});
    const hanging = { commands: Object.fromEntries(asks.map((line) => [line, HANGS])) };
    const barred = { ...shippedMachine(), files: { [SHIPPED_PLACE.outboxFile]: DENIED } };

    expect((await lookAt(shippedMachine(), false)).units['sensor-main']).toEqual({});
    expect((await lookAt({})).units['sensor-main']).toEqual({});
    expect((await lookAt(missing)).units['sensor-main']).toEqual({});
    expect((await lookAt(barred)).machine).toEqual({});
    expect((await lookAt(hanging)).units['sensor-main']).toEqual({});
  });

  it('which a unit does not set are known for unlimited, and a watchdog that never barks for none', async () => {
    const { units } = await lookAt(
      shippedMachine({
        units: { 'sensor-main': { MemoryMax: 'infinity', WatchdogUSec: 'infinity', Environment: '' } },
      }),
    );

    expect(units['sensor-main']).toMatchObject({
      memoryMax: { value: Number.POSITIVE_INFINITY },
      watchdog: { value: 0 },
      memoryTold: undefined,
    });
  });
});
