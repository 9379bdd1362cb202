import { describe, expect, test, vi } from 'vitest';
import {
  noPulse,
  reported,
  sensorsOf,
  source,
  startSampling as start,
} from '../../../test/support/sampling-rig.ts';
import { createSeededRandom } from '../../../test/support/seeded-random.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { INCIDENT_AT, settle } from '../../../test/support/virtual-clock.ts';
import { createSamplingLoop } from './sampling-loop.ts';

describe('a round', () => {
  test('is one append of all sources, stamped with the time of each answer', async () => {
    const world = createTestWorld();
    const slow = source('slow', {
      read: async (signal) => {
        await world.clock.sleep('convert', 700, signal);
        return [reported('slow')];
      },
    });
    const { rounds } = start([source('fast'), slow], { world });

    await world.clock.advance(1_000);

    expect(rounds).toEqual([
      [
        { ...reported('fast'), at: INCIDENT_AT, monoMs: 0, flags: 0 },
        { ...reported('slow'), at: INCIDENT_AT + 700, monoMs: 700, flags: 0 },
      ],
    ]);
    expect(world.recorder.of('round.sampled')).toEqual([
      { type: 'round.sampled', readings: 2, sourcesOk: 2, sourcesFailed: 0, durationMs: 700, lateMs: 0 },
    ]);
  });

  test('is kept as far as it came when we stop: a source that hangs is not waited for', async () => {
    const hangs = source('hangs', { read: () => new Promise(() => {}) });
    const { world, loop, rounds } = start([source('fast'), hangs]);
    await world.clock.advance(100);

    loop.stop();
    await settle();

    expect(rounds.map(sensorsOf)).toEqual([['fast']]);
    expect(world.recorder.of('source.failed')).toEqual([]);
    expect(world.clock.monotonicMs()).toBe(100);
  });

  test('of 64 sources draws no warning from Node about listeners', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const all = Array.from({ length: 64 }, (_, i) => source(`s${i}`));

    const { world, rounds } = start(all);
    await world.clock.advance(1_000);

    expect(rounds[0]).toHaveLength(64);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  test('without readings appends nothing and is a round all the same', async () => {
    const { world, rounds } = start([source('absent', { read: async () => [] })]);

    await world.clock.advance(1_000);

    expect(rounds).toEqual([]);
    expect(world.recorder.of('round.sampled')).toMatchObject([{ readings: 0, sourcesOk: 1 }]);
  });

  test('keeps the first of two values for one series, also across sources, and says so', async () => {
    const twice = source('twice', {
      read: async () => [reported('shared', { value: 1 }), reported('shared', { value: 2 })],
    });
    const other = source('other', { read: async () => [reported('shared', { value: 3 }), reported('own')] });
    const { world, rounds } = start([twice, other]);

    await world.clock.advance(1_000);

    expect(rounds[0]?.map((one) => [one.sensor, one.value])).toEqual([
      ['shared', 1],
      ['own', 20],
    ]);
    expect(world.recorder.of('reading.rejected').map((event) => event.source)).toEqual(['twice', 'other']);
  });

  test('that the outbox refuses is reported, and the next one goes on', async () => {
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    let calls = 0;
    const { world, rounds, loop } = start([source('a')], {
      append: () => {
        calls += 1;
        if (calls === 1) throw full;
      },
    });

    await world.clock.advance(10_000);

    expect(world.recorder.of('outbox.append_failed')).toEqual([
      { type: 'outbox.append_failed', readings: 1, code: 'SQLITE_FULL', message: full.message },
    ]);
    expect(world.recorder.of('round.sampled').map((event) => event.readings)).toEqual([0, 1]);
    expect(rounds).toHaveLength(1);
    expect(loop.status()).toMatchObject({ rounds: 2, readings: 1 });
  });
});

describe('the pace', () => {
  test('does not drift: 10,000 rounds of random length all start on their slot', async () => {
    const random = createSeededRandom(7);
    const world = createTestWorld();
    const starts: number[] = [];
    const read = async (signal: AbortSignal) => {
      starts.push(world.clock.monotonicMs());
      await world.clock.sleep('convert', random.fraction() * 700, signal);
      return [reported('a')];
    };
    start([source('a', { read })], { world, intervalMs: 1_000 });

    await world.clock.advance(9_999 * 1_000 + 999);

    expect(starts).toHaveLength(10_000);
    expect(Math.max(...starts.map((startMono, slot) => Math.abs(startMono - slot * 1_000)))).toBeLessThan(
      1e-3,
    );
    expect(world.recorder.of('round.skipped')).toEqual([]);
  });

  test('skips and counts what a blocked process missed, and does not hurry afterwards', async () => {
    const world = createTestWorld();
    const starts: number[] = [];
    const read = async () => {
      starts.push(world.clock.monotonicMs());
      return [reported('a')];
    };
    // Blocks in append, as a card that stalls does: virtual time passes without a turn of the loop.
    let blockMs = 0;
    const clock = { ...world.clock, monotonicMs: () => world.clock.monotonicMs() + blockMs };
    const { loop } = start([source('a', { read })], {
      world: { ...world, clock },
      append: () => {
        if (starts.length === 2) blockMs = 33_000;
      },
    });

    await world.clock.advance(20_000);

    expect(world.recorder.of('round.skipped')).toEqual([{ type: 'round.skipped', rounds: 2 }]);
    expect(loop.status().roundsSkipped).toBe(2);
    expect(loop.status().nextDueMono % 10_000).toBe(0);
  });

  test('of a source of its own is kept on the grid of rounds', async () => {
    const counts = { every: 0, slow: 0, odd: 0 };
    const counting = (name: keyof typeof counts, intervalMs?: number) =>
      source(name, {
        ...(intervalMs === undefined ? {} : { intervalMs }),
        read: async () => {
          counts[name] += 1;
          return [];
        },
      });
    const { world } = start([counting('every'), counting('slow', 60_000), counting('odd', 25_000)]);

    await world.clock.advance(599_999);

    // 25 s on a grid of 10 s is served at 0, 30, 50, 80, 100 ...: late by a round at most, never drifting.
    expect(counts).toEqual({ every: 60, slow: 10, odd: 24 });
  });

  test('changes at once, keeps its phase, and is reported once', async () => {
    const { world, loop } = start([source('a')]);
    await world.clock.advance(25_000);

    loop.pace(60_000, 'local is unavailable');
    loop.pace(60_000, 'local is unavailable');
    await world.clock.advance(60_000);
    loop.pace(10_000, 'local stores again');
    await world.clock.advance(15_000);

    // Rounds at 0, 10, 20, then 80 (60 s after the last), then 90 and 100.
    expect(world.recorder.of('round.sampled')).toHaveLength(6);
    expect(loop.status().nextDueMono).toBe(110_000);
    expect(world.recorder.of('sampling.paced')).toEqual([
      { type: 'sampling.paced', intervalMs: 60_000, reason: 'local is unavailable' },
      { type: 'sampling.paced', intervalMs: 10_000, reason: 'local stores again' },
    ]);
  });

  test('starts anew from a round that was asked for', async () => {
    const { world, loop } = start([source('a')]);
    await world.clock.advance(3_000);

    loop.sampleNow();
    await world.clock.advance(0);

    expect(world.recorder.of('round.sampled')).toHaveLength(2);
    expect(loop.status().nextDueMono).toBe(13_000);
  });

  test('is not disturbed by jumps of the wall clock', async () => {
    const { world, rounds } = start([source('a')]);

    world.clock.stepWall(-86_400_000);
    await world.clock.advance(10_000);
    world.clock.stepWall(172_800_000);
    await world.clock.advance(10_000);

    expect(rounds.flat().map((reading) => reading.monoMs)).toEqual([0, 10_000, 20_000]);
    expect(world.recorder.of('round.skipped')).toEqual([]);
  });
});

test.each([
  ['two sources of one name', [source('a'), source('a')], /two sources are named "a"/],
  ['a name that is none', [source('A b')], /source name "A b"/],
  ['a deadline that is no number', [source('a', { deadlineMs: Number.NaN })], /deadline of source a is NaN/],
  ['an interval of zero', [source('a', { intervalMs: 0 })], /interval of source a is 0 ms/],
])('%s: the loop is not made', (_what, sources, message) => {
  const options = { world: createTestWorld(), pulse: noPulse, intervalMs: 10_000, append: () => {} };

  expect(() => createSamplingLoop({ ...options, sources })).toThrow(message);
});
