import { describe, expect, test } from 'vitest';
import { reported, sensorsOf, source, startSampling } from '../../../test/support/sampling-rig.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { parseDayWindow } from '../../base/day-windows.ts';
import { createZone } from '../../base/local-time.ts';
import { createQuietHours } from '../../base/quiet-hours.ts';
import { createLiveness } from '../../ops/liveness.ts';

const INTERVAL_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EVENING_AT = Date.parse('2026-01-15T22:50Z');

/** Ten minutes before a night, of the sources that are named `quiet...`. */
function evening(names: readonly string[], over: { intervalMs?: number; read?: () => never } = {}) {
  const world = createTestWorld({ wallMs: EVENING_AT });
  const { clock, recorder } = world;
  const moment = () => ({ at: clock.wallMs(), monoMs: clock.monotonicMs(), trusted: true });
  const windows = [parseDayWindow('23:00-01:00')];
  const sources = names.map((name) =>
    source(name, {
      ...(name.startsWith('quiet') && {
        quiet: createQuietHours({ windows, zone: createZone('UTC'), moment }),
        ...over,
      }),
    }),
  );
  const liveness = createLiveness(clock);
  const rig = startSampling(sources, { world, pulse: liveness, intervalMs: INTERVAL_MS });
  return {
    ...rig,
    clock,
    recorder,
    liveness,
    lastRound: () => sensorsOf(rig.rounds.at(-1)),
    stateOf: (name: string) => rig.loop.status().sources.find((one) => one.name === name),
  };
}

describe('a source in its quiet hours', () => {
  test('is left out of the rounds, which go on, and is read in the first one after', async () => {
    const { clock, lastRound, rounds, recorder } = evening(['quiet', 'day']);

    await clock.advance(9 * MINUTE_MS);
    const before = lastRound();
    await clock.advance(2 * MINUTE_MS);
    const during = lastRound();
    await clock.advance(2 * HOUR_MS - MINUTE_MS);
    const roundsInAll = recorder.of('round.sampled').length;
    const afterwards = lastRound();
    const missing = rounds.filter((round) => !sensorsOf(round)?.includes('quiet')).length;

    expect(before).toEqual(['quiet', 'day']);
    expect(during).toEqual(['day']);
    expect(afterwards).toEqual(['quiet', 'day']);
    expect(missing).toBe((2 * HOUR_MS) / INTERVAL_MS);
    expect(roundsInAll).toBe((2 * HOUR_MS + 10 * MINUTE_MS) / INTERVAL_MS + 1);
    expect(recorder.of('round.skipped')).toEqual([]);
  });

  test('is told of once, with all that have the same hours, and says so in its state', async () => {
    const { clock, recorder, stateOf } = evening(['quiet-a', 'day', 'quiet-b']);

    await clock.advance(20 * MINUTE_MS);
    const hushed = [stateOf('quiet-a')?.quiet?.words, stateOf('day')?.quiet];
    await clock.advance(2 * HOUR_MS);

    expect(hushed).toEqual(['until 01:00', undefined]);
    expect(stateOf('quiet-a')?.quiet).toBeUndefined();
    expect(recorder.of('quiet_hours.began')).toMatchObject([
      { of: 'sampling', names: ['quiet-a', 'quiet-b'], words: 'until 01:00' },
    ]);
    expect(recorder.of('quiet_hours.ended')).toMatchObject([{ names: ['quiet-a', 'quiet-b'] }]);
  });

  test('is not found to fail, whatever it would answer', async () => {
    const { clock, recorder } = evening(['quiet'], {
      read: () => {
        throw new Error('no chip answers');
      },
    });

    await clock.advance(11 * MINUTE_MS);
    const before = recorder.of('source.failed').length;
    await clock.advance(HOUR_MS);

    expect(before).toBeGreaterThan(0);
    expect(recorder.of('source.failed')).toHaveLength(before);
  });

  test('that is read every hour is read when they end, not an hour later', async () => {
    const { clock, rounds } = evening(['quiet'], { intervalMs: HOUR_MS });

    await clock.advance(2 * HOUR_MS + 10 * MINUTE_MS);

    expect(rounds.map((round) => round[0]?.at)).toEqual([EVENING_AT, Date.parse('2026-01-16T01:00Z')]);
  });

  test('is read within an interval when the clock is set to after them, and the other way round', async () => {
    const { clock, lastRound } = evening(['quiet', 'day']);
    await clock.advance(HOUR_MS);

    clock.stepWall(2 * HOUR_MS);
    await clock.advance(INTERVAL_MS);
    const afterwards = lastRound();
    clock.stepWall(-2 * HOUR_MS);
    await clock.advance(INTERVAL_MS);

    expect(afterwards).toEqual(['quiet', 'day']);
    expect(lastRound()).toEqual(['day']);
  });

  test('leaves a loop that is alive all night, although there is nothing else to read', async () => {
    const { clock, liveness, recorder } = evening(['quiet']);
    const overdue: unknown[] = [];

    for (let ms = 0; ms < 3 * HOUR_MS; ms += 5 * MINUTE_MS) {
      await clock.advance(5 * MINUTE_MS);
      overdue.push(...liveness.overdue());
    }

    expect(overdue).toEqual([]);
    expect(recorder.of('round.sampled').at(500)).toMatchObject({
      readings: 0,
      sourcesOk: 0,
      sourcesFailed: 0,
    });
  });

  test('is read when the night is over although its read of the evening hung until then', async () => {
    const ends: (() => void)[] = [];
    let reads = 0;
    const { clock, lastRound, recorder } = evening(['quiet', 'day'], {
      read: (async () => {
        reads += 1;
        if (reads === 60) await new Promise<void>((resolve) => ends.push(resolve));
        return [reported('quiet')];
      }) as () => never,
    });
    await clock.advance(HOUR_MS);
    for (const end of ends) end();

    await clock.advance(2 * HOUR_MS);

    expect(ends).toHaveLength(1);
    expect(recorder.of('source.failed').length).toBeLessThan(3);
    expect(lastRound()).toEqual(['quiet', 'day']);
  });
});
