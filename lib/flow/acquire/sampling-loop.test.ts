import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSeededRandom } from '../../../test/support/seeded-random.ts';
import { createTestWorld, type TestWorld } from '../../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../../test/support/virtual-clock.ts';
import type { Pulse } from '../../base/loop.ts';
import type { Reading } from '../reading.ts';
import { createSamplingLoop, type SamplingLoop } from './sampling-loop.ts';
import type { Measurement, SensorSource } from './sensor-source.ts';

const noPulse: Pulse = { promise: () => {}, release: () => {} };

/** A source that answers at once, unless `read` says otherwise. */
function source(name: string, over: Partial<SensorSource> = {}): SensorSource {
  return { name, deadlineMs: 2_000, read: async () => [reported(name)], ...over };
}

function reported(sensor: string, over: Partial<Measurement> = {}): Measurement {
  return { sensor, metric: 'temperature', unit: 'celsius', value: 20, ...over };
}

interface Rig {
  readonly world: TestWorld;
  readonly loop: SamplingLoop;
  /** What each call of append was given. */
  readonly rounds: Reading[][];
  stop(): Promise<void>;
}

function start(
  sources: readonly SensorSource[],
  over: { world?: TestWorld; intervalMs?: number; append?: (readings: readonly Reading[]) => void } = {},
): Rig {
  const world = over.world ?? createTestWorld();
  const rounds: Reading[][] = [];
  const loop = createSamplingLoop({
    sources,
    world,
    pulse: noPulse,
    intervalMs: over.intervalMs ?? 10_000,
    append: (readings) => {
      over.append?.(readings);
      rounds.push([...readings]);
    },
  });
  const ended = loop.run();
  const stop = async () => {
    loop.stop();
    await world.clock.advance(60_000);
    await ended;
  };
  onTestFinished(stop);
  return { world, loop, rounds, stop };
}

const sensorsOf = (round: readonly Reading[] | undefined) => round?.map((reading) => reading.sensor);

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

const never = () => new Promise<never>(() => {});
const badGetter = Object.defineProperty([], '0', {
  get: () => {
    throw new Error('boom');
  },
});

describe('a source that', () => {
  test.each<[string, SensorSource['read'], string]>([
    ['hangs for ever', never, 'deadline'],
    [
      'throws before its first await',
      () => {
        throw new Error('no bus');
      },
      'error',
    ],
    ['rejects', async () => Promise.reject(new Error('EREMOTEIO')), 'error'],
    ['rejects with nothing', async () => Promise.reject(undefined), 'error'],
    ['rejects with something unprintable', async () => Promise.reject(Object.create(null)), 'error'],
    ['answers null', async () => JSON.parse('null'), 'error'],
    ['answers without a promise', () => JSON.parse('7'), 'error'],
  ])('%s costs its own readings and nobody else’s', async (_what, read, reason) => {
    const { world, rounds } = start([source('bad', { read, deadlineMs: 500 }), source('good')]);

    await world.clock.advance(500);

    expect(sensorsOf(rounds[0])).toEqual(['good']);
    expect(world.recorder.of('source.failed')).toMatchObject([{ source: 'bad', reason, failures: 1 }]);
    expect(world.recorder.of('round.sampled')).toMatchObject([{ sourcesOk: 1, sourcesFailed: 1 }]);
  });

  test.each<[string, SensorSource['read']]>([
    ['answers 10,000 measurements', async () => Array.from({ length: 10_000 }, (_, i) => reported(`s${i}`))],
    ['has a getter that throws', async () => badGetter],
    ['answers NaN', async () => [reported('bad', { value: Number.NaN })]],
  ])('%s never blocks the others and is bounded', async (_what, read) => {
    const { world, rounds } = start([source('good'), source('bad', { read })]);

    await world.clock.advance(0);

    expect(sensorsOf(rounds[0])?.[0]).toBe('good');
    expect(rounds[0]?.length).toBeLessThanOrEqual(257);
    expect(world.recorder.of('reading.rejected')).toHaveLength(1);
  });

  test('is still busy is not read again, is counted, and its late answer is dropped', async () => {
    const answers: ((measurements: Measurement[]) => void)[] = [];
    const slow = source('slow', {
      deadlineMs: 1_000,
      read: () => new Promise((resolve) => answers.push(resolve)),
    });
    const { world, rounds, loop } = start([slow, source('good')]);

    await world.clock.advance(25_000);
    const readsWhileBusy = answers.length;
    answers[0]?.([reported('slow', { value: -99 })]);
    await world.clock.advance(5_000);
    answers[1]?.([reported('slow')]);
    await world.clock.advance(1_000);

    expect(readsWhileBusy).toBe(1);
    expect(rounds.map(sensorsOf)).toEqual([['good'], ['good'], ['good'], ['slow', 'good']]);
    expect(rounds.flat().some((reading) => reading.value === -99)).toBe(false);
    expect(world.recorder.of('source.failed').map((event) => [event.reason, event.failures])).toEqual([
      ['deadline', 1],
      ['busy', 2],
      ['busy', 3],
    ]);
    expect(world.recorder.of('source.recovered')).toEqual([
      { type: 'source.recovered', source: 'slow', failures: 3 },
    ]);
    expect(loop.status().sources[0]).toMatchObject({ lateAnswers: 1, reads: 2, failures: 0 });
  });

  test('has a careless deadline cannot make the others miss their next slot', async () => {
    const { world } = start([source('bad', { read: never, deadlineMs: 3_600_000 }), source('good')]);

    await world.clock.advance(60_000);

    expect(world.recorder.of('round.skipped')).toEqual([]);
    expect(world.recorder.of('round.sampled')).toHaveLength(7);
    expect(world.recorder.of('round.sampled')[0]?.durationMs).toBe(8_000);
  });

  test('repeats a bad measurement is reported at first and then every 360th time', async () => {
    const { world } = start([source('bad', { read: async () => [reported('x', { unit: 'cubit' })] })]);

    await world.clock.advance(719 * 10_000);

    const messages = world.recorder.of('reading.rejected').map((event) => event.message);
    expect(messages).toHaveLength(3);
    expect(messages[1]).toMatch(/\(360 times\)$/);
  });

  test('makes up new bad names for ever does not fill the log or the memory', async () => {
    const world = createTestWorld();
    const read = async () =>
      Array.from({ length: 256 }, (_, i) => reported(`BAD ${world.clock.monotonicMs()} ${i}`));
    const { loop } = start([source('bad', { read })], { world });

    await world.clock.advance(99 * 10_000);

    expect(loop.status().sources[0]?.rejected).toBe(25_600);
    expect(world.recorder.of('reading.rejected').length).toBeLessThan(64 + 1 + 25_600 / 360 + 1);
  });

  test('hears an abort at its deadline', async () => {
    let aborted = false;
    const read = (signal: AbortSignal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return never();
    };
    const { world } = start([source('bad', { read, deadlineMs: 500 })]);

    await world.clock.advance(499);
    expect(aborted).toBe(false);
    await world.clock.advance(1);
    expect(aborted).toBe(true);
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

  test('with any mix of misbehaving sources never costs the good one a round', async () => {
    const behaviour = fc.constantFrom('hang', 'late', 'throw', 'reject', 'nonsense', 'slow');
    await fc.assert(
      fc.asyncProperty(fc.array(behaviour, { minLength: 1, maxLength: 6 }), async (behaviours) => {
        const world = createTestWorld();
        const bad = behaviours.map((kind, i) =>
          source(`bad-${i}`, { deadlineMs: 1_500, read: (signal) => misbehave(kind, world, signal) }),
        );
        const { rounds, stop } = start([...bad, source('good')], { world, intervalMs: 2_000 });

        await world.clock.advance(19_999);
        await stop();

        expect(rounds.slice(0, 10).every((round) => sensorsOf(round)?.includes('good'))).toBe(true);
        expect(rounds.length).toBeGreaterThanOrEqual(10);
        expect(world.recorder.of('round.skipped')).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});

async function misbehave(kind: string, world: TestWorld, signal: AbortSignal): Promise<Measurement[]> {
  switch (kind) {
    case 'hang':
      return never();
    case 'late':
      await world.clock.sleep('deaf to the signal', 5_000);
      return [reported('late')];
    case 'slow':
      await world.clock.sleep('convert', 1_400, signal);
      return [reported('slow')];
    case 'nonsense':
      return JSON.parse('[null, {"sensor": 1}, []]');
    default:
      throw new Error(kind);
  }
}

test.each([
  ['two sources of one name', [source('a'), source('a')], /two sources are named "a"/],
  ['a name that is none', [source('A b')], /source name "A b"/],
  ['a deadline that is no number', [source('a', { deadlineMs: Number.NaN })], /deadline of source a is NaN/],
  ['an interval of zero', [source('a', { intervalMs: 0 })], /interval of source a is 0 ms/],
])('%s: the loop is not made', (_what, sources, message) => {
  const options = { world: createTestWorld(), pulse: noPulse, intervalMs: 10_000, append: () => {} };

  expect(() => createSamplingLoop({ ...options, sources })).toThrow(message);
});
