/**
 * Opens the file behind the `Outbox` and puts its parts together:
 *
 *   commits      the one way to change rows; acknowledging, trimming and making room ride along
 *   batches      what a destination is sent next
 *   departures   rows that leave undelivered: buried, given up
 *   returns      rows that come back: redriven, adopted from another file
 *   comparing    what follows from what a store says that it has
 *   mending      times that are mended once the clock is trusted
 */

import { drizzle } from 'drizzle-orm/better-sqlite3';
import { isDiskCondition } from '../../base/disk-condition.ts';
import { openDatabase, type SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';
import type { Reading } from '../reading.ts';
import { countOf, difference, intersection, NO_SEQS, normalized, type SeqRanges } from '../seq-ranges.ts';
import { openAcknowledgements } from './acknowledgements.ts';
import { assertReading } from './assert-reading.ts';
import { backlogOf } from './backlog.ts';
import { createBatches } from './batches.ts';
import type { OutboxBounds } from './bounds.ts';
import { readBreaker, readBreakerTransitions, saveBreaker } from './breakers.ts';
import { prepareCheckpoints } from './checkpoints.ts';
import { openClockBook } from './clock-book.ts';
import { type Books, createCommits } from './commits.ts';
import { compactStep } from './compacting.ts';
import { createComparing } from './comparing.ts';
import { readDeadLetters } from './dead-letters.ts';
import { createDepartures } from './departures.ts';
import { mendDestinations, noteDestinations } from './destination-rows.ts';
import { assertWhole, mendAcknowledged, mendLedger } from './doubtful-rows.ts';
import { readExtents } from './extents.ts';
import { goneText, openGoneLedger } from './gone.ts';
import { createLetterBound, lettersMaxOf } from './letter-bound.ts';
import { createMending } from './mending.ts';
import type { Outbox } from './outbox.ts';
import { noteOutcome } from './outcomes.ts';
import { createReturns } from './returns.ts';
import { createRowChecksum, type RowChecksum } from './row-checksum.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';
import { openSeries } from './series.ts';
import { openSilences } from './silences.ts';
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
  /** How long readings wait for a trusted clock before they are sent as they are; left out: not at all. */
  readonly clockHoldMs?: number;
  /** How large it may become; left out: as large as the disk. */
  readonly bounds?: OutboxBounds;
  /** The first seq of a fresh file, 1 if left out: above all that a file before it may have assigned. */
  readonly firstSeq?: number;
  /** Called with the bytes to be read before a check or a copy that may take long, so that nobody loses patience. */
  readonly onCheck?: (bytes: number) => void;
  /** See `OpenOptions` in `lib/base/sqlite.ts`. */
  readonly synchronous?: 'FULL' | 'NORMAL';
}

/** Throws what `openDatabase` throws, and `SGW_INTERNAL` if the file contradicts itself. */
export function openOutbox(options: OpenOutboxOptions): Outbox {
  const { clock } = options.world;
  const startedMono = clock.monotonicMs();
  const database = openDatabase({
    file: options.file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
    onUpgrading: (bytes) => options.onCheck?.(bytes),
    onUpgraded: (upgrade) =>
      options.world.observe({ type: 'database.upgraded', file: options.file, ...upgrade }),
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
  const { world, destinations, gateway } = options;
  const { clock, observe } = world;
  const orm = drizzle({ client: database });
  const checksum = createRowChecksum();
  assertWhole(database);
  const streams = openStreams(database, world, options.firstSeq);
  const extents = readExtents(database);
  mendAcknowledged(database, world);
  const firstSeq = extents[0]?.firstSeq ?? 1;
  const noteAll = () => {
    const mended = mendDestinations(database, world);
    noteDestinations(database, destinations, { extents, mended });
  };
  database.transaction(noteAll).immediate();
  const clockBook = openClockBook(database, {
    bootId: options.bootId,
    holdMs: options.clockHoldMs ?? 0,
    clock,
  });
  const series = openSeries(database, checksum);
  const acknowledgements = openAcknowledgements(database, destinations, extents);
  const acknowledged = destinations.map((name) => [name, acknowledgements.of(name)] as const);
  mendLedger(database, world, streams, new Map(acknowledged));
  const gone = openGoneLedger(database, destinations);
  // To a destination that is new to the file they would look like rows that wait.
  for (const destination of destinations) acknowledgements.note(destination, gone.forAllFrom(firstSeq));

  const books: Books = {
    database,
    destinations,
    world,
    streams,
    series,
    checksum,
    acknowledgements,
    gone,
    clockBook,
  };
  const commits = createCommits(books, options.bounds);
  const bytesMax = options.bounds?.bytesMax ?? Number.POSITIVE_INFINITY;
  const letterBound = createLetterBound(database, lettersMaxOf(bytesMax, destinations.length));
  const checkpoint = prepareCheckpoints(database, clock);
  const appendRows = prepareAppend(books, checksum);
  const selectAt = database.prepare<[number], number>('SELECT at FROM readings WHERE seq = ?').pluck();
  const atOf = (seq: number) => selectAt.get(seq);

  /** The given seqs as far as they were assigned in this stream. */
  function known(stream: string, seqs: SeqRanges): SeqRanges {
    const assigned = streams.assigned(stream);
    return assigned === undefined ? [] : intersection(normalized(seqs), [assigned]);
  }

  const present = commits.present();
  observe({
    type: 'outbox.opened',
    stream: streams.newest().id,
    fresh: streams.fresh,
    rows: countOf(difference(present, commits.left())),
    durationMs: clock.monotonicMs() - startedMono,
  });

  return {
    get stream() {
      return streams.newest().id;
    },
    silences: openSilences(database, () => commits.nextSeq() - 1),
    append(readings) {
      const startedMono = clock.monotonicMs();
      const stream = streams.newest().id;
      const lo = commits.nextSeq();
      if (readings.length === 0) {
        commits.flush();
        return { stream, lo, hi: lo - 1 };
      }
      for (const reading of readings) assertReading(reading);
      commits.run(() => appendRows(readings));
      const [rows, older] = commits.present();
      if (rows?.[0] === lo && older === undefined) checkpoint();
      const appended = { stream, lo, hi: commits.nextSeq() - 1 };
      observe({ type: 'outbox.appended', ...appended, durationMs: clock.monotonicMs() - startedMono });
      return appended;
    },
    batch: createBatches(books, commits, atOf, { gateway, series, checksum }),
    acknowledge(destination, stream, seqs) {
      acknowledgements.note(destination, known(stream, seqs));
    },
    ...createDepartures(books, commits, known, letterBound),
    ...createReturns(books, commits, { checksum, letterBound }),
    ...createComparing(books, commits, known),
    ...createMending(books, commits, { gateway, checksum }),
    goneBatch(destination) {
      const untold = gone.untold(destination);
      if (untold === undefined) return undefined;
      const { stream, upTo } = untold;
      const at = clock.wallMs();
      const body = goneText(gateway, untold);
      return { stream, seqs: NO_SEQS, rows: 0, body, oldestAt: at, newestAt: at, goneUpTo: upTo };
    },
    noteTold: (destination, upTo) => gone.noteTold(destination, upTo),
    flush: commits.flush,
    backlog: (destination) => backlogOf(commits.present(), acknowledgements.of(destination), atOf),
    waiting: () =>
      destinations.flatMap((destination) =>
        streams
          .split(difference(commits.present(), acknowledgements.of(destination)))
          .map((part) => ({ destination, ...part })),
      ),
    beginStream() {
      commits.run(() => streams.begin());
      return streams.newest().id;
    },
    deadLetters: (limit) => readDeadLetters(orm, limit),
    compact: () => compactStep(database),
    breaker: (destination) => readBreaker(orm, destination),
    saveBreaker: (destination, record) => saveBreaker(orm, destination, record),
    noteOutcome: (destination, outcome) => noteOutcome(orm, destination, outcome),
    breakerTransitions: (limit) => readBreakerTransitions(orm, limit),
    close() {
      if (!database.open) return;
      try {
        commits.flush();
      } catch (error) {
        // What the disk does not take now is sent again after the next start, and recognised.
        if (!isDiskCondition(error)) throw error;
      } finally {
        database.close();
      }
    },
  };
}

/** Writes a round behind the last row. Inside a transaction. */
function prepareAppend(
  { database, streams, series, clockBook }: Books,
  checksum: RowChecksum,
): (readings: readonly Reading[]) => void {
  const insertRow = database.prepare<[number, number, number, number, number, number, number, number]>(
    'INSERT INTO readings (seq, series, at, value, mono_ms, flags, boot, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  return (readings) => {
    const stream = streams.newest();
    let seq = stream.nextSeq;
    for (const accepted of readings) {
      const reading = clockBook.mended(accepted);
      const { at, value, monoMs, flags } = reading;
      const id = series.idOf(reading);
      const start = series.checksumStart(stream.id, id) ?? 0;
      const crc = checksum.of(start, { seq, at, value, flags, monoMs });
      insertRow.run(seq, id, at, value, monoMs, flags, clockBook.bootOf(reading), crc);
      clockBook.noteAppended(seq, reading);
      seq += 1;
    }
    streams.advance(stream, seq);
  };
}
