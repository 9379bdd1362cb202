import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reported, sensorsOf, source, startSampling as start } from '../../../test/support/sampling-rig.ts';
import { createTestWorld, type TestWorld } from '../../../test/support/test-world.ts';
import type { Measurement, SensorSource } from './sensor-source.ts';

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

  test('answers a lot is shown in short, with what it says of its troubles', async () => {
    const many = source('many', {
      read: async () => Array.from({ length: 100 }, (_, i) => reported(`s${i}`)),
      troubles: () => ({ attic: 'does not\u001b answer' }),
    });
    const { world, loop } = start([many]);

    await world.clock.advance(0);

    const [status] = loop.status().sources;
    expect(status).toMatchObject({ latestCount: 100, troubles: { attic: 'does not\\u001b answer' } });
    expect(status?.latest).toHaveLength(24);
    expect(status?.latest[0]).toEqual(reported('s0'));
  });

  test('cannot even say what its troubles are is read all the same', async () => {
    const troubles = () => {
      throw new Error('boom');
    };
    const { world, loop } = start([source('bad', { troubles })]);

    await world.clock.advance(0);

    expect(loop.status().sources[0]).toMatchObject({ latestCount: 1 });
    expect(loop.status().sources[0]).not.toHaveProperty('troubles');
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

test('a read that stops at its deadline, as it should, has given no late answer', async () => {
  const world = createTestWorld();
  const obedient = source('obedient', {
    deadlineMs: 500,
    async read(signal) {
      await world.clock.sleep('convert', 60_000, signal);
      signal.throwIfAborted();
      return [reported('obedient')];
    },
  });
  const { loop } = start([obedient], { world });

  await world.clock.advance(1_000);

  expect(loop.status().sources[0]).toMatchObject({ reads: 1, failures: 1, lateAnswers: 0 });
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
