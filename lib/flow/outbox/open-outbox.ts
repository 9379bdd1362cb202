/**
 * Opens the file behind the `Outbox`. One transaction writer, one in-memory copy of the small facts (next
 * seq, first row, acknowledged ranges), which changes only after the transaction that wrote them.
 */

import { drizzle } from 'drizzle-orm/better-sqlite3';
import { isDiskCondition } from '../../base/disk-condition.ts';
import { openDatabase, type SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';
import { BATCH_ROWS_MAX, type GoneCause, type Reading } from '../reading.ts';
import {
  contains,
  countOf,
  difference,
  intersection,
  NO_SEQS,
  normalized,
  rangesOfSeqs,
  type SeqRange,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import { leftOf, readAbsent, writeAbsent } from './absent.ts';
import { openAcknowledgements } from './acknowledgements.ts';
import { assertUnassigned, prepareAdopt } from './adoption.ts';
import { assertReading } from './assert-reading.ts';
import { backlogOf } from './backlog.ts';
import { type MadeBatch, prepareBatchText } from './batch-text.ts';
import { type OutboxBounds, watchBounds } from './bounds.ts';
import { readBreaker, readBreakerTransitions, saveBreaker } from './breakers.ts';
import { prepareCheckpoints } from './checkpoints.ts';
import { compactStep } from './compacting.ts';
import { prepareBury, readDeadLetters } from './dead-letters.ts';
import { goneText, openGoneLedger } from './gone.ts';
import { firstRow, giveBackPages, noteBoot, noteDestinations } from './opening.ts';
import type { BatchPick, Outbox, OutgoingBatch, Refused } from './outbox.ts';
import { noteOutcome } from './outcomes.ts';
import { candidates, takeSeqs } from './pick-rows.ts';
import { prepareRedrive } from './redrive.ts';
import { createRowChecksum } from './row-checksum.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';
import { openSeries } from './series.ts';
import { createShedding } from './shedding.ts';
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
  /** How large it may become; left out: as large as the disk. */
  readonly bounds?: OutboxBounds;
  /** The first seq of a fresh file, 1 if left out: above all that a file before it may have assigned. */
  readonly firstSeq?: number;
  /** See `OpenOptions` in `lib/base/sqlite.ts`. */
  readonly synchronous?: 'FULL' | 'NORMAL';
}

/**
 * Rows deleted in one transaction, so that no round waits long for it: 5 ms on a desktop, the pages
 * given back included. Must not be smaller than the largest batch, or a drain would acknowledge faster than it
 * trims.
 */
export const TRIM_ROWS_MAX = BATCH_ROWS_MAX;

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

  const streams = openStreams(database, world, options.firstSeq);
  let nextSeq = streams.newest().nextSeq;
  let firstSeq = firstRow(database, nextSeq);
  const boot = database
    .transaction(() => {
      noteDestinations(database, destinations, firstSeq);
      return noteBoot(database, options.bootId);
    })
    .immediate();
  const checksum = createRowChecksum();
  const series = openSeries(database, checksum);
  const acknowledgements = openAcknowledgements(database, destinations, firstSeq);
  const batchText = prepareBatchText(database, { gateway: options.gateway, series, checksum });
  const bury = prepareBury(database);
  const checkpoint = prepareCheckpoints(database, clock);
  const redriven = prepareRedrive(database, { series, checksum });
  const adopt = prepareAdopt(database, { series, checksum });
  const gone = openGoneLedger(database, destinations);
  /** Rows found damaged: their acknowledgement and their place in the ledger go into one commit, the next. */
  let damaged: SeqRanges = NO_SEQS;
  // To a destination that is new to the file they would look like rows that wait.
  for (const destination of destinations) acknowledgements.note(destination, gone.forAllFrom(firstSeq));

  const insertRow = database.prepare<[number, number, number, number, number, number, number, number]>(
    'INSERT INTO readings (seq, series, at, value, mono_ms, flags, boot, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const deleteRows = database.prepare<[number, number]>('DELETE FROM readings WHERE seq BETWEEN ? AND ?');
  const atOf = database.prepare<[number], number>('SELECT at FROM readings WHERE seq = ?').pluck();

  const firstStays = database.prepare<[], number | null>('SELECT min(seq) FROM readings').pluck();
  /** Rows deleted by the present transaction. */
  let trimmed = 0;

  const present = (): SeqRange => [firstSeq, nextSeq - 1];
  const trimmable = () => acknowledgements.throughAll() >= firstSeq;

  /** Inside a transaction. */
  function declare(seqs: SeqRanges, cause: GoneCause, destination?: string): void {
    if (seqs.length === 0) return;
    const whose = destination === undefined ? {} : { destination };
    for (const part of streams.split(seqs)) {
      gone.declare(part.stream, part.seqs, cause, { at: clock.wallMs(), ...whose });
    }
  }

  const shedding =
    options.bounds === undefined
      ? undefined
      : createShedding({
          bounds: watchBounds(database, options.bounds),
          destinations,
          acknowledgements,
          streams,
          declare,
          rowsMax: TRIM_ROWS_MAX,
        });

  /** Acknowledgements and trimming, as part of a transaction. Returns the first row that stays. */
  function settle(): number {
    declare(damaged, 'corrupt');
    // What has been delivered leaves before anything undelivered does.
    if (!trimmable()) shedding?.step(present());
    acknowledgements.write();
    gone.write();
    const through = Math.min(acknowledgements.throughAll(), firstSeq + TRIM_ROWS_MAX - 1);
    if (through < firstSeq) return firstSeq;
    trimmed = deleteRows.run(firstSeq, through).changes;
    streams.forgetBelow(through + 1);
    giveBackPages(database);
    // Behind a row that was put back, others have left before.
    return firstStays.get() ?? nextSeq;
  }

  const transaction = database.transaction((work: () => void): number => {
    work();
    return settle();
  });

  /** Does `work` and `settle` in one commit; what is remembered of the file follows the commit, or does not. */
  function commit(work: () => void): void {
    let firstSeqNow: number;
    trimmed = 0;
    try {
      firstSeqNow = transaction.immediate(work);
    } catch (error) {
      series.rolledBack();
      shedding?.rolledBack();
      throw error;
    }
    series.committed();
    acknowledgements.written();
    gone.written();
    damaged = NO_SEQS;
    streams.reload();
    nextSeq = streams.newest().nextSeq;
    firstSeq = firstSeqNow;
    if (trimmed > 0) observe({ type: 'outbox.trimmed', rows: trimmed });
    for (const event of shedding?.committed() ?? []) observe(event);
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
    if (acknowledgements.pending() || gone.pending() || trimmable()) commit(() => {});
  }

  /** The given seqs as far as they were assigned in this stream. */
  function known(stream: string, seqs: SeqRanges): SeqRanges {
    const assigned = streams.assigned(stream);
    return assigned === undefined ? [] : intersection(normalized(seqs), [assigned]);
  }

  /** Rows that are not as they were accepted leave without being sent to anybody, and are named. */
  function discard(corrupt: SeqRanges): void {
    for (const destination of destinations) acknowledgements.note(destination, corrupt);
    damaged = union(damaged, corrupt);
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
    rows: nextSeq - firstSeq - countOf(intersection(readAbsent(database), [present()])),
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
      if (firstSeq === lo) checkpoint();
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
          declare(seqs, 'buried', destination);
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
    declareGone(seqs, cause) {
      const ours = intersection(normalized(seqs), [[1, nextSeq - 1]]);
      const missing = destinations.map((destination) => {
        const lacking = difference(ours, acknowledgements.of(destination));
        acknowledgements.note(destination, lacking);
        return { destination, lacking };
      });
      const nobody = missing.reduce<SeqRanges>((all, { lacking }) => union(all, lacking), NO_SEQS);
      if (nobody.length === 0) return;
      try {
        commit(() => declare(nobody, cause));
      } catch (error) {
        for (const { destination, lacking } of missing) acknowledgements.withdraw(destination, lacking);
        throw error;
      }
    },
    goneBatch(destination) {
      const untold = gone.untold(destination);
      if (untold === undefined) return undefined;
      const { stream, upTo } = untold;
      const at = clock.wallMs();
      const body = goneText(options.gateway, untold);
      return { stream, seqs: NO_SEQS, rows: 0, body, oldestAt: at, newestAt: at, goneUpTo: upTo };
    },
    noteTold: (destination, upTo) => gone.noteTold(destination, upTo),
    flush,
    backlog: (destination) => backlogOf(acknowledgements.of(destination), nextSeq, (seq) => atOf.get(seq)),
    beginStream() {
      commit(() => streams.begin());
      return streams.newest().id;
    },
    deadLetters: (limit) => readDeadLetters(orm, limit),
    redrive(destination, seq) {
      const letters = redriven.letters(destination, seq);
      if (letters.length === 0) return 0;
      const seqs = rangesOfSeqs(letters.map((letter) => letter.seq));
      const before = firstSeq;
      acknowledgements.withdraw(destination, seqs);
      firstSeq = Math.min(before, seqs[0]?.[0] ?? before);
      try {
        commit(() => redriven.putBack(destination, letters, seqs, before));
      } catch (error) {
        acknowledgements.note(destination, seqs);
        firstSeq = before;
        throw error;
      }
      return letters.length;
    },
    adopt(adoption) {
      const { stream, rows, missing } = adoption;
      assertUnassigned(streams.all(), adoption);
      const seqs = rangesOfSeqs(rows.map((row) => row.seq));
      const before = firstSeq;
      for (const destination of destinations) acknowledgements.withdraw(destination, seqs);
      firstSeq = Math.min(before, seqs[0]?.[0] ?? before);
      try {
        commit(() => {
          writeAbsent(database, difference(leftOf(database, before), seqs));
          adopt(adoption, clock.wallMs());
          gone.declare(stream, missing, 'corrupt', { at: clock.wallMs() });
        });
      } catch (error) {
        for (const destination of destinations) acknowledgements.note(destination, seqs);
        firstSeq = before;
        throw error;
      }
    },
    dropDeadLetters: (destination, seq) => redriven.drop(destination, seq),
    compact: () => compactStep(database),
    breaker: (destination) => readBreaker(orm, destination),
    saveBreaker: (destination, record) => saveBreaker(orm, destination, record),
    noteOutcome: (destination, outcome) => noteOutcome(orm, destination, outcome),
    breakerTransitions: (limit) => readBreakerTransitions(orm, limit),
    close() {
      if (!database.open) return;
      try {
        flush();
      } catch (error) {
        // What the disk does not take now is sent again after the next start, and recognised.
        if (!isDiskCondition(error)) throw error;
      } finally {
        database.close();
      }
    },
  };
}
