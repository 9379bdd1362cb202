/**
 * Opens the file behind the `Outbox`. One transaction writer, one in-memory copy of the small facts (next
 * seq, first row, acknowledged ranges), which changes only after the transaction that wrote them.
 */

import { drizzle } from 'drizzle-orm/better-sqlite3';
import { openDatabase, type SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';
import type { Reading } from '../reading.ts';
import { contains, intersection, normalized, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import { openAcknowledgements } from './acknowledgements.ts';
import { assertReading } from './assert-reading.ts';
import { backlogOf } from './backlog.ts';
import { type MadeBatch, prepareBatchText } from './batch-text.ts';
import { readBreaker, readBreakerTransitions, saveBreaker } from './breakers.ts';
import { prepareBury, readDeadLetters } from './dead-letters.ts';
import { firstRow, giveBackPages, noteBoot, noteDestinations } from './opening.ts';
import type { BatchPick, Outbox, OutgoingBatch, Refused } from './outbox.ts';
import { noteOutcome } from './outcomes.ts';
import { candidates, takeSeqs } from './pick-rows.ts';
import { createRowChecksum } from './row-checksum.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';
import { openSeries } from './series.ts';
import { openStreams } from './streams.ts';

export interface OpenOutboxOptions {
  readonly file: string;
  /** This gateway's name on the wire. */
  readonly gateway: string;
  /** Whose acknowledgements a row needs before it may leave. */
  readonly destinations: readonly string[];
  readonly world: World;
  /** The kernel's id of this boot: what the readings' monotonic time belongs to. */
  readonly bootId: string;
  /** See `OpenOptions` in `lib/base/sqlite.ts`. */
  readonly synchronous?: 'FULL' | 'NORMAL';
}

/**
 * Rows deleted in one transaction, so that no round waits long for it: 2.4 ms on a desktop, the pages
 * given back included. Must be larger than the largest batch, or a drain would acknowledge faster than it
 * trims.
 */
export const TRIM_ROWS_MAX = 2_000;

/** Throws what `openDatabase` throws, and `SGW_INTERNAL` if the file contradicts itself. */
export function openOutbox(options: OpenOutboxOptions): Outbox {
  const { clock } = options.world;
  const startedMono = clock.monotonicMs();
  const database = openDatabase({
    file: options.file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
    ...(options.synchronous === undefined ? {} : { synchronous: options.synchronous }),
  });
  try {
    return createOutbox(database, options, startedMono);
  } catch (error) {
    database.close();
    throw error;
  }
}

function createOutbox(database: SqliteDatabase, options: OpenOutboxOptions, startedMono: number): Outbox {
  const { world, destinations } = options;
  const { clock, observe } = world;
  const orm = drizzle({ client: database });

  const streams = openStreams(database, world);
  let nextSeq = streams.newest().nextSeq;
  let firstSeq = firstRow(database, nextSeq);
  const boot = database
    .transaction(() => {
      noteDestinations(database, destinations);
      return noteBoot(database, options.bootId);
    })
    .immediate();
  const checksum = createRowChecksum();
  const series = openSeries(database, checksum);
  const acknowledgements = openAcknowledgements(database, destinations, firstSeq);
  const batchText = prepareBatchText(database, { gateway: options.gateway, series, checksum });
  const bury = prepareBury(database);

  const insertRow = database.prepare<[number, number, number, number, number, number, number, number]>(
    'INSERT INTO readings (seq, series, at, value, mono_ms, flags, boot, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const deleteRows = database.prepare<[number, number]>('DELETE FROM readings WHERE seq BETWEEN ? AND ?');
  const atOf = database.prepare<[number], number>('SELECT at FROM readings WHERE seq = ?').pluck();

  const present = (): SeqRange => [firstSeq, nextSeq - 1];
  const trimmable = () => acknowledgements.throughAll() >= firstSeq;

  /** Acknowledgements and trimming, as part of a transaction. Returns the first row that stays. */
  function settle(): number {
    acknowledgements.write();
    const through = Math.min(acknowledgements.throughAll(), firstSeq + TRIM_ROWS_MAX - 1);
    if (through < firstSeq) return firstSeq;
    deleteRows.run(firstSeq, through);
    streams.forgetBelow(through + 1);
    giveBackPages(database);
    return through + 1;
  }

  const transaction = database.transaction((work: () => void): number => {
    work();
    return settle();
  });

  /** Does `work` and `settle` in one commit; what is remembered of the file follows the commit, or does not. */
  function commit(work: () => void): void {
    let firstSeqNow: number;
    try {
      firstSeqNow = transaction.immediate(work);
    } catch (error) {
      series.rolledBack();
      throw error;
    }
    series.committed();
    acknowledgements.written();
    streams.reload();
    nextSeq = streams.newest().nextSeq;
    const rows = firstSeqNow - firstSeq;
    firstSeq = firstSeqNow;
    if (rows > 0) observe({ type: 'outbox.trimmed', rows });
  }

  function appendRows(readings: readonly Reading[]): void {
    let seq = nextSeq;
    const stream = streams.newest().id;
    for (const reading of readings) {
      const { at, value, monoMs, flags } = reading;
      const id = series.idOf(reading);
      const start = series.checksumStart(stream, id) ?? 0;
      const crc = checksum.of(start, { seq, at, value, flags, monoMs });
      insertRow.run(seq, id, at, value, monoMs, flags, boot, crc);
      seq += 1;
    }
    streams.advance(seq);
  }

  function flush(): void {
    if (acknowledgements.pending() || trimmable()) commit(() => {});
  }

  /** The given seqs as far as they were assigned in this stream. */
  function known(stream: string, seqs: SeqRanges): SeqRanges {
    const assigned = streams.assigned(stream);
    return assigned === undefined ? [] : intersection(normalized(seqs), [assigned]);
  }

  /** Rows that are not as they were accepted leave without being sent to anybody, and are named. */
  function discard(corrupt: SeqRanges): void {
    for (const destination of destinations) acknowledgements.note(destination, corrupt);
    observe({ type: 'outbox.corrupted', stream: streams.of(corrupt[0]?.[0] ?? nextSeq).id, seqs: corrupt });
  }

  function batch(destination: string, pick: BatchPick): OutgoingBatch | undefined {
    for (;;) {
      const made = makeBatch(destination, pick);
      if (made === undefined || 'batch' in made) return made?.batch;
      discard(made.corrupt);
    }
  }

  function makeBatch(destination: string, pick: BatchPick): MadeBatch | undefined {
    const waiting = candidates(present(), acknowledgements.of(destination), pick);
    const end = pick.order === 'oldest' ? waiting[0]?.[0] : waiting.at(-1)?.[1];
    if (end === undefined) return undefined;
    const stream = streams.of(end);
    const ofStream = intersection(waiting, [[stream.firstSeq, stream.nextSeq - 1]]);
    let rowsMax = Math.max(1, pick.rowsMax);
    for (;;) {
      const made = batchText(stream.id, takeSeqs(ofStream, pick.order, rowsMax));
      if ('corrupt' in made) return made;
      const { rows, body } = made.batch;
      const bytes = Buffer.byteLength(body);
      if (bytes <= pick.bytesMax || rows === 1) return made;
      // Rows are of much the same size, so this is nearly always the last turn but one.
      rowsMax = Math.max(1, Math.min(rows - 1, Math.floor((rows * pick.bytesMax) / bytes)));
    }
  }

  observe({
    type: 'outbox.opened',
    stream: streams.newest().id,
    fresh: streams.fresh,
    rows: nextSeq - firstSeq,
    durationMs: clock.monotonicMs() - startedMono,
  });

  return {
    get stream() {
      return streams.newest().id;
    },
    append(readings) {
      const startedMono = clock.monotonicMs();
      const stream = streams.newest().id;
      const lo = nextSeq;
      if (readings.length === 0) {
        flush();
        return { stream, lo, hi: lo - 1 };
      }
      for (const reading of readings) assertReading(reading);
      commit(() => appendRows(readings));
      const appended = { stream, lo, hi: nextSeq - 1 };
      observe({ type: 'outbox.appended', ...appended, durationMs: clock.monotonicMs() - startedMono });
      return appended;
    },
    batch,
    acknowledge(destination, stream, seqs) {
      acknowledgements.note(destination, known(stream, seqs));
    },
    bury(destination, stream, refusals) {
      const acknowledged = acknowledgements.of(destination);
      const fresh = new Map<number, Refused>();
      for (const refused of refusals) {
        const isKnown = known(stream, [[refused.seq, refused.seq]]).length > 0;
        if (isKnown && !contains(acknowledged, refused.seq)) fresh.set(refused.seq, refused);
      }
      if (fresh.size === 0) return;
      const seqs = normalized([...fresh.keys()].map((seq) => [seq, seq]));
      const buriedAt = clock.wallMs();
      acknowledgements.note(destination, seqs);
      try {
        commit(() => {
          for (const refused of fresh.values()) bury(destination, refused, buriedAt);
        });
      } catch (error) {
        // Not in the dead letters, so not acknowledged either: it would be lost with the next append.
        acknowledgements.withdraw(destination, seqs);
        throw error;
      }
      for (const { seq, code, message } of fresh.values()) {
        observe({ type: 'reading.buried', destination, stream, seq, code, message });
      }
    },
    flush,
    backlog: (destination) => backlogOf(acknowledgements.of(destination), nextSeq, (seq) => atOf.get(seq)),
    beginStream() {
      commit(() => streams.begin());
      return streams.newest().id;
    },
    deadLetters: (limit) => readDeadLetters(orm, limit),
    breaker: (destination) => readBreaker(orm, destination),
    saveBreaker: (destination, record) => saveBreaker(orm, destination, record),
    noteOutcome: (destination, outcome) => noteOutcome(orm, destination, outcome),
    breakerTransitions: (limit) => readBreakerTransitions(orm, limit),
    close() {
      if (!database.open) return;
      try {
        flush();
      } finally {
        database.close();
      }
    },
  };
}
