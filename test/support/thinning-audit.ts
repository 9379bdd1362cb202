/**
 * Holds an outbox that thins against the readings that it was given: for each destination every reading is
 * delivered, waits, or is named in the ledger, and never two of these; and what stands for thinned readings adds up
 * to exactly those.
 */

import { expect, onTestFinished } from 'vitest';
import { openDatabaseReadOnly } from '../../lib/base/sqlite.ts';
import { readOutboxLedger } from '../../lib/flow/outbox/ledger-view.ts';
import type { BatchPick } from '../../lib/flow/outbox/outbox.ts';
import { type OutboxRow, prepareRows } from '../../lib/flow/outbox/outbox-rows.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../lib/flow/outbox/schema.ts';
import { MINUTE, ofTier, RAW, TEN_MINUTES } from '../../lib/flow/outbox/tiers.ts';
import type { Reading } from '../../lib/flow/reading.ts';
import {
  contains,
  countOf,
  difference,
  intersection,
  NO_SEQS,
  normalized,
  type SeqRange,
  type SeqRanges,
  seqsOf,
  union,
} from '../../lib/flow/seq-ranges.ts';
import type { TempOutbox } from './temp-outbox.ts';

interface Accepted extends Reading {
  readonly seq: number;
  readonly stream: string;
}

export interface ThinningAudit {
  append(readings: readonly Reading[]): void;
  /** As the outbox does it, which may thin rows, too. */
  flush(): void;
  /** Has a destination take the next batch. */
  deliver(destination: string, pick: BatchPick): void;
  /** Somebody else has told the outbox so. */
  acknowledged(destination: string, seqs: SeqRanges): void;
  /** The same books, held against another outbox. */
  of(made: TempOutbox): ThinningAudit;
  /** Starts of buckets of time in which readings were accepted, and of which nothing is left for a destination. */
  uncovered(destination: string, bucketMs: number): number[];
  check(): void;
}

interface Books {
  readonly accepted: Map<number, Accepted>;
  readonly delivered: Map<string, SeqRanges>;
  /** Every thinned row that was ever seen, by its seq. */
  readonly thinned: Map<number, OutboxRow>;
}

export function createThinningAudit(
  made: TempOutbox,
  books: Books = { accepted: new Map(), delivered: new Map(), thinned: new Map() },
): ThinningAudit {
  const { accepted, delivered, thinned } = books;
  const { outbox, file, world } = made;
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  onTestFinished(() => void database.close());
  const rows = prepareRows(database);
  let events = 0;
  /** Behind what has been read of each tier: a thinned row never changes. */
  let unread: readonly SeqRange[] = [MINUTE.space, TEN_MINUTES.space];

  function learn(): void {
    unread = unread.map(([lo, hi]) => {
      const fresh = rows.of([[lo, hi]], Number.MAX_SAFE_INTEGER);
      for (const row of fresh) thinned.set(row.seq, row);
      return [(fresh.at(-1)?.seq ?? lo - 1) + 1, hi];
    });
  }

  learn();

  const deliveredTo = (name: string) => delivered.get(name) ?? NO_SEQS;

  function namesFor(name: string) {
    const ledger = readOutboxLedger(file);
    const gone = ledger.gone.filter(({ destination }) => destination === null || destination === name);
    const of = (cause: string) =>
      normalized(gone.filter((one) => one.cause === cause).map(({ lo, hi }): SeqRange => [lo, hi]));
    const waiting = ledger.destinations.find(({ destination }) => destination === name)?.waiting ?? NO_SEQS;
    return { waiting, thinned: of('thinned'), others: union(of('shed'), of('corrupt')) };
  }

  /** The readings that a thinned row claims to stand for. */
  function standsFor({ thinned: detail, sensor, metric }: OutboxRow): Accepted[] {
    if (detail === undefined) return [];
    return [...seqsOf([[detail.lo, detail.hi]])]
      .map((seq) => accepted.get(seq))
      .filter((one) => one !== undefined)
      .filter((one) => one.sensor === sensor && one.metric === metric && one.stream === detail.source);
  }

  function checkSum(row: OutboxRow): void {
    const parts = standsFor(row);
    const values = parts.map(({ value }) => value);
    expect(row.thinned).toEqual({
      count: parts.length,
      min: Math.min(...values),
      max: Math.max(...values),
      first: values[0],
      last: values.at(-1),
      spanMs: (parts.at(-1)?.at ?? 0) - (parts[0]?.at ?? 0),
      source: parts[0]?.stream,
      lo: row.thinned?.lo,
      hi: row.thinned?.hi,
    });
    expect(row.at).toBe(parts[0]?.at);
    expect(row.value).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 9);
    expect(parts.every(({ flags }) => (flags | 4) === row.flags)).toBe(true);
  }

  function checkFor(name: string): void {
    const { waiting, thinned: thinnedAway, others } = namesFor(name);
    const gone = union(thinnedAway, others);
    const has = deliveredTo(name);
    // Each reading is in one place, and only a crash may have forgotten that it was delivered.
    const all = normalized([...accepted.keys()].map((seq): SeqRange => [seq, seq]));
    expect(difference(all, union(union(has, waiting), gone))).toEqual([]);
    expect(intersection(waiting, gone)).toEqual([]);
    expect(intersection(ofTier(RAW, has), gone)).toEqual([]);

    // What stands for the thinned ones: rows that wait, were delivered, or were lost themselves.
    const leaves = [...thinned.values()].filter(({ seq }) => {
      const owed = contains(waiting, seq) || contains(has, seq) || contains(others, seq);
      return owed && !contains(thinnedAway, seq);
    });
    const covered = leaves.flatMap((row) => standsFor(row).map(({ seq }): SeqRange => [seq, seq]));
    expect(covered.length).toBe(countOf(normalized(covered)));
    expect(normalized(covered)).toEqual(intersection(ofTier(RAW, thinnedAway), all));
  }

  return {
    append(readings) {
      const { stream, lo } = outbox.append(readings);
      for (const [i, reading] of readings.entries())
        accepted.set(lo + i, { ...reading, seq: lo + i, stream });
      // Each is seen before it can be shed.
      const thinnedNow = world.recorder.of('reading.thinned').length;
      if (thinnedNow > events) learn();
      events = thinnedNow;
    },
    flush() {
      outbox.flush();
      learn();
    },
    deliver(destination, pick) {
      const batch = outbox.batch(destination, pick);
      if (batch === undefined) return;
      outbox.acknowledge(destination, batch.stream, batch.seqs);
      delivered.set(destination, union(deliveredTo(destination), batch.seqs));
    },
    acknowledged(destination, seqs) {
      delivered.set(destination, union(deliveredTo(destination), seqs));
    },
    of: (other) => createThinningAudit(other, books),
    uncovered(destination, bucketMs) {
      const { waiting } = namesFor(destination);
      const bucket = (at: number) => Math.floor(at / bucketMs);
      const left = new Set<number>();
      for (const { seq, at, thinned: detail } of rows.all()) {
        if (!contains(waiting, seq)) continue;
        for (let one = bucket(at); one <= bucket(at + (detail?.spanMs ?? 0)); one += 1) left.add(one);
      }
      const wanted = new Set([...accepted.values()].map(({ at }) => bucket(at)));
      return [...wanted].filter((one) => !left.has(one)).map((one) => one * bucketMs);
    },
    check() {
      learn();
      for (const row of rows.all()) if (row.thinned !== undefined) checkSum(row);
      for (const { destination } of readOutboxLedger(file).destinations) checkFor(destination);
    },
  };
}
