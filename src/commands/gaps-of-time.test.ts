/**
 * Goal: whatever happened to a gateway, each time without readings has a cause, and the cause is true.
 * Method: a gateway in virtual time whose sensors, disk, power and pace the test controls, and `sensorctl gaps`.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INTERVAL_MS, silenceRig, type TimeGapSaid } from '../../test/support/silence-rig.ts';

const MINUTE_MS = 60_000;

const said = (silences: readonly TimeGapSaid[]) =>
  silences.map(({ sensors, causes }) => [sensors.join(), causes.map(({ cause }) => cause).join()]);

describe('a time without readings', () => {
  it('is the fault of its sensor, from when it failed to when it was back', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    const failedAt = gateway.clock.wallMs();
    await gateway.fail('right', 5 * MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    const { exitCode, silences } = await gateway.gaps();

    expect(exitCode).toBe(0);
    expect(said(silences)).toEqual([['right', 'sensor_fault']]);
    expect(silences[0]?.causes[0]?.detail).toBe('right does not answer');
    expect(Math.abs(Date.parse(silences[0]?.from ?? '') - failedAt)).toBeLessThanOrEqual(INTERVAL_MS);
  });

  it('goes on while the sensor is silent, and is found after a power cut in the middle of it', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    const fault = gateway.fail('right', 10 * MINUTE_MS);
    await gateway.deliver();
    await fault;
    await gateway.fail('right', 5 * MINUTE_MS);
    await gateway.deliver();

    expect(said((await gateway.gaps()).silences)).toEqual([['right', 'sensor_fault']]);

    await gateway.restart('power_off', 5_000);
    await gateway.fail('right', MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();
    expect(said((await gateway.gaps()).silences)).toEqual([
      ['right', 'sensor_fault,power_off'],
      ['right', 'sensor_fault'],
    ]);
  });

  it('between two boots is a machine that was off, and within one a reader that was stopped', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();
    await gateway.restart('reader_stopped', 10 * MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.restart('power_off', 60 * MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    const { silences } = await gateway.gaps();

    expect(said(silences)).toEqual([
      ['left-1,left-2,right,slow', 'reader_stopped'],
      ['left-1,left-2,right,slow', 'power_off'],
    ]);
    expect((await gateway.gapsInWords())[1]).toMatch(
      /^left-1, left-2, right, slow {2}no readings from .* to .* \(6\d min\): the machine was off$/,
    );
  });

  it('after an outbox was restored from a backup is one of a reader that was stopped', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    gateway.copyOutbox();
    await gateway.wait(3 * MINUTE_MS);
    await gateway.deliver();
    await gateway.restoreOutbox(5 * MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    const { exitCode, silences } = await gateway.gaps();

    expect(exitCode).toBe(0);
    expect(said(silences)).toEqual([['left-1,left-2,right,slow', 'reader_stopped']]);
  });

  it('in which readings were dropped says so once the disk is back', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    await gateway.fillDisk(5 * MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    const { silences } = await gateway.gaps();

    expect(new Set(silences.flatMap(({ causes }) => causes.map(({ cause }) => cause)))).toEqual(
      new Set(['dropped']),
    );
  });

  it('is the quiet hours of its source, while they last and afterwards, with no fault beside them', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    const night = gateway.hush('left', 7 * 60 * MINUTE_MS);
    await gateway.deliver();
    await night;
    const last = gateway.clock.wallMs();
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    const { exitCode, silences } = await gateway.gaps();

    expect(exitCode).toBe(0);
    expect(said(silences)).toEqual([['left-1,left-2', 'quiet_hours']]);
    expect(Math.abs(Date.parse(silences[0]?.to ?? '') - last)).toBeLessThanOrEqual(INTERVAL_MS);
    expect((await gateway.gapsInWords())[0]).toMatch(
      /^left-1, left-2 {2}no readings .* \(7 h\): quiet hours: not read, as configured \(until 06:00\)$/,
    );
  });

  it('that began with a fault and went on in quiet hours has both causes', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    await gateway.fail('right', 5 * MINUTE_MS);
    await gateway.hush('right', 60 * MINUTE_MS);
    await gateway.restart('reader_stopped', 5_000);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    const { exitCode, silences } = await gateway.gaps();

    expect(exitCode).toBe(0);
    expect(said(silences)).toEqual([['right', 'sensor_fault,quiet_hours,reader_stopped']]);
  });

  it('twin: of a source that is not asked and says nothing of it is a riddle or a lie', async () => {
    const gateway = silenceRig({ tellsQuiet: false });
    gateway.start();
    await gateway.wait(MINUTE_MS);
    await gateway.hush('left', 7 * 60 * MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    expect(said((await gateway.gaps()).silences)).toEqual([['left-1,left-2', 'late']]);
  });

  it('in which sampling was slowed down is no riddle', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    await gateway.slowDown(60_000, 10 * MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    const { exitCode, silences } = await gateway.gaps();

    expect(exitCode).toBe(0);
    expect(new Set(silences.flatMap(({ causes }) => causes.map(({ cause }) => cause)))).toEqual(
      new Set(['paced']),
    );
  });

  it('is none while readings wait: they are on their way', async () => {
    const gateway = silenceRig();
    gateway.start();
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();
    await gateway.wait(10 * MINUTE_MS);

    const { exitCode, silences } = await gateway.gaps();

    expect(exitCode).toBe(0);
    expect(new Set(silences.flatMap(({ causes }) => causes.map(({ cause }) => cause)))).toEqual(
      new Set(['on_its_way']),
    );
  });

  it('twin: nobody can explain it where nothing was written down', async () => {
    const gateway = silenceRig({ watched: false });
    gateway.start();
    await gateway.wait(MINUTE_MS);
    await gateway.fail('right', 5 * MINUTE_MS);
    await gateway.wait(MINUTE_MS);
    await gateway.deliver();

    // No sensor is known, and so none is missed: the watch is what knows them.
    expect((await gateway.gaps()).silences).toEqual([]);
  });
});

const step = fc.oneof(
  fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20 }) }),
  fc.record({
    what: fc.constant('fail' as const),
    name: fc.constantFrom('left', 'left-2', 'right', 'slow'),
    ms: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({
    what: fc.constant('hush' as const),
    name: fc.constantFrom('left' as const, 'right' as const, 'slow' as const),
    ms: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({ what: fc.constant('slowDown' as const), ms: fc.integer({ min: 3, max: 30 }) }),
  fc.record({ what: fc.constant('fillDisk' as const), ms: fc.integer({ min: 1, max: 20 }) }),
  fc.record({
    what: fc.constant('restart' as const),
    cause: fc.constantFrom('power_off' as const, 'reader_stopped' as const),
    ms: fc.integer({ min: 0, max: 30 }),
    cleanly: fc.boolean(),
  }),
  fc.record({ what: fc.constant('deliver' as const), rows: fc.integer({ min: 1, max: 50 }) }),
);

describe('any life of a gateway', () => {
  it('leaves no time of any sensor without a cause, and no cause that is not true', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
        const gateway = silenceRig();
        gateway.start();
        // Each sensor has been seen: what was never there cannot be missed.
        await gateway.wait(4 * INTERVAL_MS);
        for (const one of steps) {
          if (one.what === 'wait') await gateway.wait(one.ms * 5_000);
          if (one.what === 'fail') await gateway.fail(one.name, one.ms * 5_000);
          if (one.what === 'hush') await gateway.hush(one.name, one.ms * 10_000);
          if (one.what === 'slowDown') await gateway.slowDown(60_000, one.ms * 20_000);
          if (one.what === 'fillDisk') await gateway.fillDisk(one.ms * 10_000);
          if (one.what === 'restart') await gateway.restart(one.cause, one.ms * 10_000, one.cleanly);
          if (one.what === 'deliver') await gateway.deliver(one.rows);
        }
        await gateway.wait(2 * MINUTE_MS);
        await gateway.deliver();

        const { explained, silences, gaps } = await gateway.gaps();

        expect({ explained, gaps }).toEqual({ explained: true, gaps: [] });
        for (const gap of silences) {
          const [from, to] = [Date.parse(gap.from), Date.parse(gap.to ?? '9999-01-01')];
          for (const sensor of gap.sensors) {
            const happened = (slackMs: number) =>
              gateway.deeds
                .filter((deed) => (deed.sensor ?? sensor) === sensor)
                .filter((deed) => deed.fromAt - slackMs <= to && deed.toAt + slackMs >= from)
                .map(({ cause }) => cause);
            const causes = gap.causes.map(({ cause }) => cause).filter((cause) => cause !== 'late');
            // One is there in any case; a trouble that comes back within ten minutes is one, with its rests.
            expect(happened(INTERVAL_MS).filter((cause) => causes.includes(cause))).not.toEqual([]);
            expect(happened(10 * MINUTE_MS)).toEqual(expect.arrayContaining(causes));
          }
        }
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});
