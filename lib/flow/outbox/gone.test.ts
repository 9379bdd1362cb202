/**
 * The ledger, with a real store at the other end. The invariant: once everything has been delivered and told,
 * what a store has received and what it knows to be gone cover each stream without a hole.
 */

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import {
  ALL,
  crashed,
  offered,
  rawOutbox,
  someReadings,
  tempOutbox,
} from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { BatchRequest } from '../batch.ts';
import { GONE_CAUSES, type GoneCause } from '../reading.ts';
import { normalized, type SeqRange, seqsOf } from '../seq-ranges.ts';
import { batchOf } from '../write-api/ingest.ts';
import { WRITE_API_LIMITS } from '../write-api/limits.ts';
import type { ReadingsStore } from '../write-api/readings-store.ts';
import { createSqliteStore } from '../write-api/store/sqlite-store.ts';
import { type Outbox, type OutgoingBatch, openOutbox } from './outbox.ts';

const told = (batch: OutgoingBatch | undefined) => BatchRequest.parse(JSON.parse(batch?.body ?? 'null')).gone;

describe('seqs declared gone', () => {
  it('are offered to nobody, leave, and each destination is told until it has answered', () => {
    const { outbox } = tempOutbox({ destinations: ['local', 'remote'] });
    const { stream } = outbox.append(someReadings(5));

    outbox.declareGone([[2, 3]], 'shed');

    expect(offered(outbox)).toEqual([
      [1, 1],
      [4, 5],
    ]);
    const batch = outbox.goneBatch('local');
    expect([batch?.stream, batch?.rows, told(batch)]).toEqual([stream, 0, [[2, 3, 'shed']]]);
    expect(outbox.goneBatch('local')).toEqual(batch);
    outbox.noteTold('local', batch?.goneUpTo ?? 0);
    expect(outbox.goneBatch('local')).toBeUndefined();
    expect(told(outbox.goneBatch('remote'))).toEqual([[2, 3, 'shed']]);
  });

  it('are told again after a crash that forgot the answer, and not after a commit that kept it', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(2));
    outbox.declareGone([[1, 1]], 'corrupt');
    outbox.noteTold('local', outbox.goneBatch('local')?.goneUpTo ?? 0);

    const { outbox: forgetful } = tempOutbox({ file: crashed(file) });
    expect(told(forgetful.goneBatch('local'))).toEqual([[1, 1, 'corrupt']]);

    outbox.flush();
    outbox.close();
    expect(tempOutbox({ file }).outbox.goneBatch('local')).toBeUndefined();
  });

  it('that lie side by side become one range, which is told anew as it grows', () => {
    const { outbox } = tempOutbox();
    outbox.append(someReadings(9));
    outbox.declareGone([[1, 2]], 'shed');
    outbox.noteTold('local', outbox.goneBatch('local')?.goneUpTo ?? 0);

    outbox.declareGone([[3, 4]], 'shed');
    outbox.declareGone([[5, 5]], 'thinned');

    expect(told(outbox.goneBatch('local'))).toEqual([
      [1, 4, 'shed'],
      [5, 5, 'thinned'],
    ]);
  });

  it('are nothing new when every destination has them, or when they were never assigned', () => {
    const { outbox } = tempOutbox();
    const { stream } = outbox.append(someReadings(3));
    outbox.acknowledge('local', stream, [[1, 2]]);

    outbox.declareGone(
      [
        [1, 2],
        [4, 900],
      ],
      'shed',
    );

    expect(outbox.goneBatch('local')).toBeUndefined();
    expect(offered(outbox)).toEqual([[3, 3]]);
  });

  it('are no gap for a destination that comes later, and no row for it either', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(6));
    outbox.declareGone([[4, 4]], 'corrupt');
    outbox.close();

    const { outbox: two } = tempOutbox({ file, destinations: ['local', 'new'] });

    expect(offered(two, 'new')).toEqual([
      [1, 3],
      [5, 6],
    ]);
    expect(told(two.goneBatch('new'))).toEqual([[4, 4, 'corrupt']]);
  });

  it('because one destination refused them are told to that one only', () => {
    const { outbox } = tempOutbox({ destinations: ['local', 'remote'] });
    const { stream } = outbox.append(someReadings(3));

    outbox.bury('local', stream, [{ seq: 2, code: 'x', message: 'never' }]);

    expect(told(outbox.goneBatch('local'))).toEqual([[2, 2, 'buried']]);
    expect(outbox.goneBatch('remote')).toBeUndefined();
    expect(offered(outbox, 'remote')).toEqual([[1, 3]]);
  });

  it('are told after a restart, too, when commits before had failed', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(9));
    outbox.declareGone([[1, 1]], 'corrupt');
    outbox.noteTold('local', outbox.goneBatch('local')?.goneUpTo ?? 0);
    const disk = rawOutbox(file);
    disk.exec("CREATE TRIGGER broken BEFORE INSERT ON gone BEGIN SELECT RAISE(ABORT, 'no room'); END");
    for (let tries = 0; tries < 5; tries += 1)
      expect(() => outbox.declareGone([[3, 3]], 'shed')).toThrow(/no room/);
    disk.exec('DROP TRIGGER broken');
    expect(outbox.goneBatch('local')).toBeUndefined();
    outbox.append(someReadings(1));
    outbox.close();

    const { outbox: next } = tempOutbox({ file });
    next.declareGone([[3, 3]], 'shed');

    expect(told(next.goneBatch('local'))).toEqual([[3, 3, 'shed']]);
  });

  it('by one destination are not kept for ever because another cannot be reached', () => {
    const { outbox, file } = tempOutbox({ destinations: ['local', 'remote'] });
    for (let i = 0; i < 12; i += 1) {
      const { stream, lo } = outbox.append(someReadings(2_000));
      const everySecond = Array.from({ length: 1_000 }, (_, k) => lo + 2 * k);
      outbox.bury(
        'local',
        stream,
        everySecond.map((seq) => ({ seq, code: 'x', message: 'never' })),
      );
      for (;;) {
        const upTo = outbox.goneBatch('local')?.goneUpTo;
        if (upTo === undefined) break;
        outbox.noteTold('local', upTo);
      }
      outbox.flush();
    }
    outbox.declareGone([[2, 2]], 'shed');

    const entries = rawOutbox(file).prepare('SELECT count(*), min(lo), max(lo) FROM gone').raw().get();
    expect(entries).toEqual([10_001, 2, 23_999]);
    expect(told(outbox.goneBatch('remote'))).toEqual([[2, 2, 'shed']]);
  });
});

type Step =
  | { readonly do: 'append'; readonly rows: number }
  | {
      readonly do: 'deliver';
      readonly order: 'oldest' | 'newest';
      readonly rowsMax: number;
      readonly answered: boolean;
    }
  | { readonly do: 'bury'; readonly back: number }
  | { readonly do: 'give up'; readonly back: number; readonly length: number; readonly cause: GoneCause }
  | { readonly do: 'tell'; readonly answered: boolean }
  | { readonly do: 'restart' | 'crash' | 'new stream' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append'), rows: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('deliver'),
      order: fc.constantFrom('oldest', 'newest'),
      rowsMax: fc.integer({ min: 1, max: 5 }),
      answered: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bury'), back: fc.nat(8) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('give up'),
      back: fc.nat(12),
      length: fc.nat(4),
      cause: fc.constantFrom(...GONE_CAUSES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tell'), answered: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart', 'crash', 'new stream') }) },
);

/** Real on both sides; only the wire between them is a function call. */
async function runSteps(steps: readonly Step[], dir: string): Promise<void> {
  let file = join(dir, 'outbox.db');
  const world = createTestWorld();
  const store: ReadingsStore = createSqliteStore({ file: join(dir, 'store.db'), world });
  const open = () =>
    openOutbox({
      file,
      gateway: 'attic',
      destinations: ['local'],
      world,
      bootId: 'boot',
      synchronous: 'NORMAL',
    });
  let outbox: Outbox = open();
  /** What `append` gave out, by stream. */
  const assigned = new Map<string, SeqRange[]>();
  let accepted = 0;

  async function post(batch: OutgoingBatch, answered: boolean): Promise<void> {
    const incoming = batchOf(JSON.parse(batch.body), {
      nowAt: 0,
      limits: WRITE_API_LIMITS,
      ownStream: store.ownStream,
      defaultGateway: 'attic',
    });
    const [answer] = await store.ingest([incoming]);
    if (!answered || answer === undefined) return;
    outbox.acknowledge('local', batch.stream, normalized([...answer.stored, ...answer.duplicate]));
    if (batch.goneUpTo !== undefined) outbox.noteTold('local', batch.goneUpTo);
  }

  async function perform(one: Step): Promise<void> {
    const seq = 'back' in one ? Math.max(1, accepted - one.back) : 0;
    switch (one.do) {
      case 'append': {
        const { stream, lo, hi } = outbox.append(someReadings(one.rows, accepted));
        assigned.set(stream, [...(assigned.get(stream) ?? []), [lo, hi]]);
        accepted = hi;
        return;
      }
      case 'deliver': {
        const batch = outbox.batch('local', { order: one.order, rowsMax: one.rowsMax, bytesMax: 100_000 });
        if (batch !== undefined) await post(batch, one.answered);
        return;
      }
      case 'bury':
        for (const stream of assigned.keys())
          outbox.bury('local', stream, [{ seq, code: 'x', message: 'x' }]);
        return;
      case 'give up':
        outbox.declareGone([[seq, seq + one.length]], one.cause);
        return;
      case 'tell': {
        const batch = outbox.goneBatch('local');
        if (batch !== undefined) await post(batch, one.answered);
        return;
      }
      case 'new stream':
        outbox.beginStream();
        return;
      case 'restart':
        outbox.close();
        outbox = open();
        return;
      case 'crash': {
        const copy = crashed(file);
        outbox.close();
        file = copy;
        outbox = open();
      }
    }
  }

  try {
    for (const one of steps) await perform(one);
    for (let batch = outbox.batch('local', ALL); batch !== undefined; batch = outbox.batch('local', ALL)) {
      await post(batch, true);
    }
    for (let batch = outbox.goneBatch('local'); batch !== undefined; batch = outbox.goneBatch('local')) {
      await post(batch, true);
    }

    for (const [stream, ranges] of assigned) {
      const { received, gone } = await store.stream(stream);
      const known = [...received, ...gone.map(([lo, hi]): SeqRange => [lo, hi])];
      expect(known.flatMap((range) => [...seqsOf([range])]).sort((a, b) => a - b)).toEqual([
        ...seqsOf(normalized(ranges)),
      ]);
    }
  } finally {
    outbox.close();
    await store.close();
  }
}

it('leaves no unexplained gap after a drain, whatever was given up, buried, lost on the way or crashed', async () => {
  const dir = tempDir();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), (steps) =>
      runSteps(steps, mkdtempSync(join(dir, `${++runs}-`))),
    ),
    { numRuns: 40 },
  );
});
