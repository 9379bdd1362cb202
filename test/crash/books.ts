/**
 * What the files of a gateway say about its readings when both programs are dead. Read from copies: the
 * next start must find the files as the crash has left them, with a log that nobody has recovered yet.
 */

import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../lib/base/errors.ts';
import { openDatabaseReadOnly, type SqliteDatabase } from '../../lib/base/sqlite.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../lib/flow/outbox/schema.ts';
import { parseThinned } from '../../lib/flow/outbox/thinned-text.ts';
import type { Reading } from '../../lib/flow/reading.ts';
import { intersection, normalized, type SeqRange, type SeqRanges } from '../../lib/flow/seq-ranges.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../lib/flow/write-api/store/schema.ts';

/** A reading as it lies in a file, under the name that it has for ever. */
export interface Entry {
  readonly stream: string;
  readonly seq: number;
  /** Everything that must not change on the way from one file to the other. */
  readonly content: string;
}

/** Ranges of seqs by stream. */
export type ByStream = ReadonlyMap<string, SeqRanges>;

export interface OutboxBooks {
  readonly rows: readonly Entry[];
  /** What the file says has been accepted. */
  readonly assigned: ByStream;
  /** What the destination `local` has acknowledged; all that is below the first row is. */
  readonly acknowledged: ByStream;
  readonly buried: ByStream;
  /** What its ledger says will never be sent to `local`. */
  readonly gone: ByStream;
  /** Readings that thinned rows stand for. */
  readonly stoodFor: number;
  /** What the quick check of SQLite says: "ok", or the first thing that is wrong. */
  readonly check: string;
}

export interface StoreBooks {
  readonly rows: readonly Entry[];
  readonly received: ByStream;
  readonly gone: ByStream;
  readonly check: string;
}

const NO_OUTBOX: OutboxBooks = {
  rows: [],
  assigned: new Map(),
  acknowledged: new Map(),
  buried: new Map(),
  gone: new Map(),
  stoodFor: 0,
  check: 'ok',
};
const NO_STORE: StoreBooks = { rows: [], received: new Map(), gone: new Map(), check: 'ok' };

/** Nothing is in a file that does not exist, or that the crash has kept from getting its tables. */
export function outboxBooks(dir: string): OutboxBooks {
  return onOutbox(dir, readOutbox) ?? NO_OUTBOX;
}

/** Only what has been accepted from seq `fromSeq` on: for a look after each kill. */
export function outboxSince(dir: string, fromSeq: number): Pick<OutboxBooks, 'rows' | 'assigned'> {
  return (
    onOutbox(dir, (database) => {
      const streams = streamsOf(database);
      return { rows: rowsOf(database, fromSeq), assigned: assignedIn(streams) };
    }) ?? NO_OUTBOX
  );
}

function onOutbox<Books>(dir: string, read: (database: SqliteDatabase) => Books): Books | undefined {
  return onCopy(join(dir, 'outbox.db'), OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS, read);
}

export function storeBooks(dir: string): StoreBooks {
  return onCopy(join(dir, 'store.db'), STORE_APPLICATION_ID, STORE_MIGRATIONS, readStore) ?? NO_STORE;
}

function onCopy<Books>(
  file: string,
  applicationId: number,
  migrations: readonly string[],
  read: (database: SqliteDatabase) => Books,
): Books | undefined {
  const place = mkdtempSync(join(tmpdir(), 'sensorgw-books-'));
  try {
    const copy = join(place, 'copy.db');
    for (const suffix of ['', '-wal']) {
      if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    }
    const database = openDatabaseReadOnly({ file: copy, applicationId, migrations });
    try {
      return read(database);
    } finally {
      database.close();
    }
  } catch (error) {
    if (codeOf(error) === 'SGW_DATABASE_MISSING') return undefined;
    throw error;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function readOutbox(database: SqliteDatabase): OutboxBooks {
  const streams = streamsOf(database);
  const rows = rowsOf(database, 1);
  const firstSeq = rows[0]?.seq ?? streams.at(-1)?.[2] ?? 1;
  const acknowledged = normalized([
    ...(firstSeq > 1 ? [[1, firstSeq - 1] as const] : []),
    ...database
      .prepare<[], [number, number]>("SELECT lo, hi FROM acknowledged WHERE destination = 'local'")
      .raw()
      .all(),
  ]);
  return {
    rows,
    assigned: assignedIn(streams),
    acknowledged: new Map(
      streams.map(([id, first, next]) => [id, intersection(acknowledged, [[first, next - 1]])]),
    ),
    buried: rangesByStream(database, 'SELECT stream, seq, seq FROM dead_letters'),
    gone: rangesByStream(
      database,
      "SELECT stream, lo, hi FROM gone WHERE coalesce(destination, 'local') = 'local'",
    ),
    stoodFor: database
      .prepare<[], string>('SELECT thinned FROM readings WHERE thinned IS NOT NULL')
      .pluck()
      .all()
      .reduce((sum, text) => sum + parseThinned(text).count, 0),
    check: quickCheck(database),
  };
}

type StreamRow = readonly [id: string, firstSeq: number, nextSeq: number];

function streamsOf(database: SqliteDatabase): StreamRow[] {
  return database
    .prepare<[], StreamRow>('SELECT id, first_seq, next_seq FROM streams ORDER BY ordinal')
    .raw()
    .all();
}

function assignedIn(streams: readonly StreamRow[]): ByStream {
  return new Map(streams.map(([id, first, next]) => [id, next > first ? [[first, next - 1]] : []]));
}

function rowsOf(database: SqliteDatabase, fromSeq: number): Entry[] {
  return database
    .prepare<[number], Row>(
      `SELECT streams.id AS stream, seq, sensor, metric, unit, at, value
       FROM readings JOIN series ON series.id = readings.series
         JOIN streams ON seq >= streams.first_seq AND seq < streams.next_seq
       WHERE seq >= ? ORDER BY seq`,
    )
    .all(fromSeq)
    .map(entryOf);
}

function readStore(database: SqliteDatabase): StoreBooks {
  const rows = database
    .prepare<[], Row>(
      `SELECT streams.stream AS stream, seq, sensor, metric, unit, at, value
       FROM all_readings AS readings JOIN series ON series.id = readings.series
         JOIN streams ON streams.id = readings.stream`,
    )
    .all()
    .map(entryOf);
  const named = (table: string) =>
    rangesByStream(
      database,
      `SELECT streams.stream, lo, hi FROM ${table} JOIN streams ON streams.id = ${table}.stream`,
    );
  return { rows, received: named('received'), gone: named('gone'), check: quickCheck(database) };
}

type Row = Pick<Entry, 'stream' | 'seq'> & Content;
type Content = Pick<Reading, 'sensor' | 'metric' | 'unit' | 'at' | 'value'>;

function entryOf({ stream, seq, ...content }: Row): Entry {
  return { stream, seq, content: contentOf(content) };
}

/** Two values are the same text only if they are the same number. */
export function contentOf({ sensor, metric, unit, at, value }: Content): string {
  return `${sensor} ${metric} ${unit} ${at} ${value}`;
}

function quickCheck(database: SqliteDatabase): string {
  return String(database.pragma('quick_check(1)', { simple: true }));
}

function rangesByStream(database: SqliteDatabase, sql: string): ByStream {
  const found = new Map<string, SeqRange[]>();
  for (const [stream, lo, hi] of database.prepare<[], [string, number, number]>(sql).raw().iterate()) {
    const ranges = found.get(stream) ?? [];
    ranges.push([lo, hi]);
    found.set(stream, ranges);
  }
  return new Map([...found].map(([stream, ranges]) => [stream, normalized(ranges)]));
}
