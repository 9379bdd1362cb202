/**
 * Goal: whatever is done to an outbox in whatever order, crashes included, no accepted reading goes
 * missing. Method: random sequences of calls against a real file and a plain model beside it; after each
 * call everything the outbox shows is compared with the model.
 */

import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { someReadings } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import { rangesOfSeqs, type SeqRange, seqsOf } from '../seq-ranges.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';

const DESTINATIONS = ['local', 'remote'] as const;
type Destination = (typeof DESTINATIONS)[number];

type Call =
  | { readonly do: 'append'; readonly rows: number }
  | {
      readonly do: 'deliver';
      readonly destination: Destination;
      readonly order: 'oldest' | 'newest';
      readonly rowsMax: number;
      readonly within: SeqRange | undefined;
      /** Which of the batch's rows the server stores, refuses, or says nothing of. */
      readonly answers: readonly ('stored' | 'refused' | 'unnamed')[];
    }
  | { readonly do: 'flush' | 'crash' | 'restart' | 'new stream' };

const destination = fc.constantFrom(...DESTINATIONS);
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append'), rows: fc.nat(6) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('deliver'),
      destination,
      order: fc.constantFrom('oldest', 'newest'),
      rowsMax: fc.integer({ min: 1, max: 8 }),
      within: fc.option(
        fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(20)).map(([lo, more]) => [lo, lo + more] as const),
        { nil: undefined },
      ),
      answers: fc.array(fc.constantFrom('stored', 'stored', 'stored', 'refused', 'unnamed'), {
        minLength: 8,
        maxLength: 8,
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('flush', 'crash', 'restart', 'new stream') }),
  },
);

/** What must be true, in the simplest words: sets of seqs. */
interface Model {
  accepted: number;
  /** By destination. */
  readonly acknowledged: Record<Destination, Set<number>>;
  /** Acknowledged, but a crash would forget it. */
  readonly pending: Record<Destination, Set<number>>;
  readonly buried: Record<Destination, Set<number>>;
  /** The stream of each seq. */
  readonly streamOf: Map<number, string>;
}

const sets = () => ({ local: new Set<number>(), remote: new Set<number>() });

function outstanding(model: Model, to: Destination): number[] {
  const seqs = Array.from({ length: model.accepted }, (_, i) => i + 1);
  return seqs.filter((seq) => !model.acknowledged[to].has(seq) && !model.pending[to].has(seq));
}

function becomeDurable(model: Model): void {
  for (const to of DESTINATIONS) {
    for (const seq of model.pending[to]) model.acknowledged[to].add(seq);
    model.pending[to].clear();
  }
}

function expectedBatch(model: Model, pick: Extract<Call, { do: 'deliver' }>): number[] {
  const [lo, hi] = pick.within ?? [1, Number.MAX_SAFE_INTEGER];
  const waiting = outstanding(model, pick.destination).filter((seq) => seq >= lo && seq <= hi);
  const end = pick.order === 'oldest' ? waiting[0] : waiting.at(-1);
  if (end === undefined) return [];
  const ofStream = waiting.filter((seq) => model.streamOf.get(seq) === model.streamOf.get(end));
  return pick.order === 'oldest' ? ofStream.slice(0, pick.rowsMax) : ofStream.slice(-pick.rowsMax);
}

function rowsIn(file: string): number[] {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  const seqs = database.prepare<[], number>('SELECT seq FROM readings ORDER BY seq').pluck().all();
  database.close();
  return seqs;
}

function runCalls(dir: string, calls: readonly Call[]): void {
  let file = join(dir, 'outbox-0.db');
  let lives = 0;
  const world = createTestWorld();
  const open = () =>
    openOutbox({
      file,
      gateway: 'model',
      destinations: DESTINATIONS,
      world,
      bootId: 'boot',
      synchronous: 'NORMAL',
    });
  let outbox: Outbox = open();
  const model: Model = {
    accepted: 0,
    acknowledged: sets(),
    pending: sets(),
    buried: sets(),
    streamOf: new Map(),
  };

  function deliver(pick: Extract<Call, { do: 'deliver' }>): void {
    const { within, ...rest } = pick;
    const batch = outbox.batch(pick.destination, {
      order: rest.order,
      rowsMax: rest.rowsMax,
      bytesMax: 100_000,
      ...(within === undefined ? {} : { within }),
    });
    const seqs = expectedBatch(model, pick);
    expect([...seqsOf(batch?.seqs ?? [])]).toEqual(seqs);
    if (batch === undefined) return;
    expect(batch.stream).toBe(model.streamOf.get(seqs[0] ?? 0));
    expect(JSON.parse(batch.body).readings.map(([seq]: [number]) => seq)).toEqual(seqs);
    const answered = (answer: string) => seqs.filter((_, i) => pick.answers[i] === answer);

    outbox.acknowledge(pick.destination, batch.stream, rangesOfSeqs(answered('stored')));
    for (const seq of answered('stored')) model.pending[pick.destination].add(seq);
    const refused = answered('refused');
    if (refused.length === 0) return;
    outbox.bury(
      pick.destination,
      batch.stream,
      refused.map((seq) => ({ seq, code: 'refused', message: `no to ${seq}` })),
    );
    for (const seq of refused) {
      model.buried[pick.destination].add(seq);
      model.acknowledged[pick.destination].add(seq);
    }
    becomeDurable(model);
  }

  function crash(): void {
    // The abandoned connection keeps its file; life goes on with the copy that the crash left.
    lives += 1;
    const next = join(dir, `outbox-${lives}.db`);
    for (const suffix of ['', '-wal']) {
      rmSync(next + suffix, { force: true });
      if (existsSync(file + suffix)) copyFileSync(file + suffix, next + suffix);
    }
    outbox.close();
    file = next;
    outbox = open();
    for (const to of DESTINATIONS) model.pending[to].clear();
  }

  function perform(one: Call): void {
    switch (one.do) {
      case 'append': {
        const appended = outbox.append(someReadings(one.rows, model.accepted));
        expect([appended.lo, appended.hi]).toEqual([model.accepted + 1, model.accepted + one.rows]);
        for (let seq = appended.lo; seq <= appended.hi; seq += 1) model.streamOf.set(seq, appended.stream);
        model.accepted += one.rows;
        becomeDurable(model);
        break;
      }
      case 'deliver':
        deliver(one);
        break;
      case 'flush':
        outbox.flush();
        becomeDurable(model);
        break;
      case 'new stream':
        outbox.beginStream();
        becomeDurable(model);
        break;
      case 'restart':
        outbox.close();
        outbox = open();
        becomeDurable(model);
        break;
      case 'crash':
        crash();
        break;
    }
  }

  function compare(): void {
    const rows = rowsIn(file);
    const first = rows[0] ?? model.accepted + 1;
    // Contiguous to the last accepted one, and what has left was acknowledged, durably, by everybody.
    expect(rows).toEqual(Array.from({ length: model.accepted - first + 1 }, (_, i) => first + i));
    for (let seq = 1; seq < first; seq += 1) {
      for (const to of DESTINATIONS) expect(model.acknowledged[to].has(seq)).toBe(true);
    }
    const letters = outbox.deadLetters(10_000);
    for (const to of DESTINATIONS) {
      const waiting = outstanding(model, to);
      const oldestAt = waiting[0] === undefined ? undefined : 1_768_493_375_000 + (waiting[0] - 1) * 100;
      expect(outbox.backlog(to)).toEqual({ rows: waiting.length, oldestAt });
      const buried = letters.filter((letter) => letter.destination === to).map(({ seq }) => seq);
      expect(new Set(buried)).toEqual(model.buried[to]);
    }
    for (const { seq, stream, reading } of letters) {
      expect(stream).toBe(model.streamOf.get(seq));
      expect(reading.at).toBe(1_768_493_375_000 + (seq - 1) * 100);
    }
  }

  try {
    for (const one of calls) {
      perform(one);
      compare();
    }
  } finally {
    outbox.close();
    for (let life = 0; life <= lives; life += 1) {
      for (const suffix of ['', '-wal', '-shm'])
        rmSync(join(dir, `outbox-${life}.db${suffix}`), { force: true });
    }
  }
}

it('accounts for every accepted reading after any sequence of calls and crashes', () => {
  const dir = tempDir();

  fc.assert(
    fc.property(fc.array(call, { minLength: 5, maxLength: 40, size: 'max' }), (calls) =>
      runCalls(dir, calls),
    ),
    { numRuns: 60 },
  );
});
