/**
 * Which seqs belong to which stream. Seqs are counted through the whole file and a stream is an interval
 * of them, so ranges need no stream beside them: a new stream begins where the last one ends.
 *
 * Each opening of the file begins one, and so does each tier when it gets its first row in a run. Whatever was done to
 * the file while it was closed, restored, cloned or copied back, no two copies ever give one identity to two readings
 * (docs/decisions/0010-each-run-is-a-stream.md).
 */

import { crcOf } from '../../base/cell-checksum.ts';
import { GatewayError } from '../../base/errors.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';
import { intersection, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import { isOf, RAW, startOf, type Tier } from './tiers.ts';

export interface Stream {
  readonly ordinal: number;
  readonly id: string;
  readonly firstSeq: number;
  readonly nextSeq: number;
}

export interface Streams {
  /** Whether the first stream was born just now, with the file. */
  readonly fresh: boolean;
  /** The one that new readings join. */
  newest(): Stream;
  /** The one of this run that new rows of the tier join, born if there is none. Inside a transaction. */
  openIn(tier: Tier): Stream;
  /** The highest next seq of all streams of the tier; `undefined` if it never had one. */
  nextSeq(tier: Tier): number | undefined;
  /** The oldest first. */
  all(): readonly Stream[];
  /** The stream that `seq` was assigned in. Throws if it never was. */
  of(seq: number): Stream;
  /** The seqs assigned in a stream so far; `undefined` if there are none, or no such stream. */
  assigned(id: string): SeqRange | undefined;
  /** The seqs of each stream that has some of these. */
  split(seqs: SeqRanges): readonly { readonly stream: string; readonly seqs: SeqRanges }[];
  /** Ends the streams of this run and begins another at the next seq. Inside a transaction. */
  begin(): void;
  /** Writes that the seqs of a stream below `nextSeq` are assigned. Inside a transaction. */
  advance(stream: Stream, nextSeq: number): void;
  /** Forgets all but the latest streams of a tier whose last row has left. Inside a transaction. */
  forgetBelow(tier: Tier, firstSeq: number): void;
  /** Takes a stream in that others have written. Inside a transaction. */
  adopted(): void;
  /** Takes what the file says: after each commit. */
  reload(): void;
  /** What was begun and assigned since the last commit was not. */
  rolledBack(): void;
}

/** So that a comparison with a store reaches back over many runs; each costs a look with every commit. */
export const STREAMS_KEPT = 100;

/** Begins the stream of this run. */
export function openStreams(
  database: SqliteDatabase,
  world: Pick<World, 'clock' | 'random'>,
  firstSeq = 1,
): Streams {
  const select = database.prepare<[], StreamRow>(
    'SELECT ordinal, id, first_seq AS firstSeq, next_seq AS nextSeq, crc FROM streams ORDER BY ordinal',
  );
  const insert = database.prepare<[string, number, number, number]>(
    'INSERT INTO streams (id, first_seq, next_seq, born_at, crc) VALUES (?, ?, ?, ?, 0)',
  );
  const write = database.prepare<[number, number, number]>(
    'UPDATE streams SET next_seq = ?, crc = ? WHERE ordinal = ?',
  );
  const forget = database.prepare<[number, number, number, number]>(
    'DELETE FROM streams WHERE first_seq BETWEEN ? AND ? AND next_seq <= ? AND ordinal < ?',
  );

  let all = believed(select.all(), []);
  let committed = all;
  const fresh = all.length === 0;

  function bear(firstSeq: number): Stream {
    const id = world.random.streamId();
    const { lastInsertRowid } = insert.run(id, firstSeq, firstSeq, world.clock.wallMs());
    const stream = { ordinal: Number(lastInsertRowid), id, firstSeq, nextSeq: firstSeq };
    store(stream);
    all = [...all, stream];
    return stream;
  }

  /** From memory: what stands in the file may have changed there. */
  function store(stream: Stream): void {
    write.run(stream.nextSeq, crcOfStream(stream), stream.ordinal);
  }

  const run = database.transaction(() => {
    bear(latestOf(all, RAW)?.nextSeq ?? firstSeq);
    // A run that accepted nothing left nothing to be remembered.
    database.exec(
      'DELETE FROM streams WHERE next_seq = first_seq AND ordinal < (SELECT max(ordinal) FROM streams)',
    );
  });
  run.immediate();
  reload();

  function reload(): void {
    all = believed(select.all(), all);
    committed = all;
  }

  function newest(): Stream {
    const last = latestOf(all, RAW);
    if (last === undefined) throw new Error('the outbox has no stream, although one is born with it');
    return last;
  }

  function nextSeq(tier: Tier): number | undefined {
    const ends = all.filter((one) => isOf(tier, one.firstSeq)).map((one) => one.nextSeq);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  return {
    fresh,
    newest,
    openIn(tier) {
      const latest = latestOf(all, tier);
      if (latest !== undefined && latest.ordinal >= newest().ordinal) return latest;
      return bear(Math.max(nextSeq(tier) ?? 0, startOf(tier, newest().nextSeq)));
    },
    nextSeq,
    all: () => all,
    of(seq) {
      const stream = all.find(({ firstSeq, nextSeq }) => seq >= firstSeq && seq < nextSeq);
      if (stream === undefined)
        throw new GatewayError('SGW_OUTBOX_DAMAGED', `the reading ${seq} is in no stream`);
      return stream;
    },
    assigned(id) {
      const stream = all.find((one) => one.id === id);
      if (stream === undefined || stream.nextSeq === stream.firstSeq) return undefined;
      return [stream.firstSeq, stream.nextSeq - 1];
    },
    split: (seqs) =>
      all
        .map(({ id, firstSeq, nextSeq }) => ({
          stream: id,
          seqs: nextSeq > firstSeq ? intersection(seqs, [[firstSeq, nextSeq - 1]]) : [],
        }))
        .filter((one) => one.seqs.length > 0),
    begin() {
      bear(newest().nextSeq);
    },
    advance({ ordinal }, nextSeq) {
      all = all.map((one) => {
        if (one.ordinal !== ordinal) return one;
        const advanced = { ...one, nextSeq };
        store(advanced);
        return advanced;
      });
    },
    forgetBelow(tier, firstSeq) {
      // The last one stays however old it is: the seqs of the next one follow from it.
      const kept = Math.min(newest().ordinal - STREAMS_KEPT, latestOf(all, tier)?.ordinal ?? 0);
      forget.run(...tier.space, firstSeq, kept);
    },
    adopted() {
      all = believed(select.all(), all);
    },
    reload,
    rolledBack() {
      all = committed;
    },
  };
}

interface StreamRow extends Stream {
  readonly crc: number;
}

const crcOfStream = ({ ordinal, id, firstSeq, nextSeq }: Stream) => crcOf([ordinal, id, firstSeq, nextSeq]);

/** Gives a stream whose row has been written by a statement of its own its checksum. Inside a transaction. */
export function prepareSealStream(database: SqliteDatabase): (id: string) => void {
  const update = database.prepare<[string]>(
    'UPDATE streams SET crc = crc_of(ordinal, id, first_seq, next_seq) WHERE id = ?',
  );
  return (id) => {
    update.run(id);
  };
}

/** Rows that are as they were written; those in `known` have been looked at before. Throws `SGW_INTERNAL`. */
function believed(rows: readonly StreamRow[], known: readonly Stream[]): Stream[] {
  const before = new Map(known.map((one) => [one.ordinal, one]));
  return rows.map(({ crc, ...row }) => {
    const same = before.get(row.ordinal);
    const { id, firstSeq, nextSeq } = row;
    if (same?.id === id && same.firstSeq === firstSeq && same.nextSeq === nextSeq) return same;
    if (crc === crcOfStream(row)) return row;
    throw new GatewayError(
      'SGW_INTERNAL',
      `the outbox says that stream ${id} goes from ${firstSeq} to ${nextSeq - 1}, and its checksum denies it`,
      { hint: 'The next start replaces the file and saves what it holds.' },
    );
  });
}

function latestOf(streams: readonly Stream[], tier: Tier): Stream | undefined {
  return streams.findLast(({ firstSeq }) => isOf(tier, firstSeq));
}
