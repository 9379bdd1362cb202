/**
 * Which seqs belong to which stream. Seqs are counted through the whole file and a stream is an interval
 * of them, so ranges need no stream beside them: a new stream begins where the last one ends.
 *
 * Each opening of the file begins one. Whatever was done to the file while it was closed, restored, cloned
 * or copied back, no two copies ever give one identity to two readings
 * (docs/decisions/0010-each-run-is-a-stream.md).
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';
import { intersection, type SeqRange, type SeqRanges } from '../seq-ranges.ts';

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
  /** The oldest first. */
  all(): readonly Stream[];
  /** The stream that `seq` was assigned in. Throws if it never was. */
  of(seq: number): Stream;
  /** The seqs assigned in a stream so far; `undefined` if there are none, or no such stream. */
  assigned(id: string): SeqRange | undefined;
  /** The seqs of each stream that has some of these. */
  split(seqs: SeqRanges): readonly { readonly stream: string; readonly seqs: SeqRanges }[];
  /** Ends the newest stream and begins another at the same seq. Inside a transaction. */
  begin(): void;
  /** Writes that seqs below `nextSeq` are assigned. Inside a transaction. */
  advance(nextSeq: number): void;
  /** Forgets all but the latest streams whose last row has left. Inside a transaction. */
  forgetBelow(firstSeq: number): void;
  /** Takes what the file says: after each commit. */
  reload(): void;
}

/** So that a comparison with a store reaches back over many runs; each costs a look with every commit. */
export const STREAMS_KEPT = 100;

/** Begins the stream of this run. */
export function openStreams(
  database: SqliteDatabase,
  world: Pick<World, 'clock' | 'random'>,
  firstSeq = 1,
): Streams {
  const select = database.prepare<[], Stream>(
    'SELECT ordinal, id, first_seq AS firstSeq, next_seq AS nextSeq FROM streams ORDER BY ordinal',
  );
  const insert = database.prepare<[string, number, number, number]>(
    'INSERT INTO streams (id, first_seq, next_seq, born_at) VALUES (?, ?, ?, ?)',
  );
  const advance = database.prepare<[number, number]>('UPDATE streams SET next_seq = ? WHERE ordinal = ?');
  const forget = database.prepare<[number, number]>(
    'DELETE FROM streams WHERE next_seq <= ? AND ordinal < ?',
  );
  const bear = (firstSeq: number) =>
    insert.run(world.random.streamId(), firstSeq, firstSeq, world.clock.wallMs());

  let all = select.all();
  const fresh = all.length === 0;
  const run = database.transaction(() => {
    bear(all.at(-1)?.nextSeq ?? firstSeq);
    // A run that accepted nothing left nothing to be remembered.
    database.exec(
      'DELETE FROM streams WHERE next_seq = first_seq AND ordinal < (SELECT max(ordinal) FROM streams)',
    );
  });
  run.immediate();
  all = select.all();

  function newest(): Stream {
    const last = all.at(-1);
    if (last === undefined) throw new Error('the outbox has no stream, although one is born with it');
    return last;
  }

  return {
    fresh,
    newest,
    all: () => all,
    of(seq) {
      const stream = all.find(({ firstSeq, nextSeq }) => seq >= firstSeq && seq < nextSeq);
      if (stream === undefined) throw new Error(`seq ${seq} was never assigned`);
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
    advance(nextSeq) {
      advance.run(nextSeq, newest().ordinal);
    },
    forgetBelow(firstSeq) {
      forget.run(firstSeq, newest().ordinal - STREAMS_KEPT);
    },
    reload() {
      all = select.all();
    },
  };
}
