/**
 * What notifications must not forget: how far the history of the tickets has been read, what waits to be told on
 * which channel, what was told, and the message that is being sent. Each step is one transaction, so that a kill at
 * any moment leaves either the step before or the one behind it: nothing is lost, and a message whose answer was
 * never seen is sent again as it was, under the same id.
 *
 * It has a file of its own, and not a table among the tickets: sending must never make a ticket wait, and a book of
 * tickets that is begun afresh is recognised by the change that we stopped at (docs/decisions/0033).
 */

import { dirname } from 'node:path';
import type { BreakerRecord } from '../../base/breaker.ts';
import { moveAside, openOrReplace } from '../../base/damaged-file.ts';
import { GatewayError, messageOf } from '../../base/errors.ts';
import { noteSalvaged, type ShelfBounds, tidyShelf } from '../../base/quarantine-shelf.ts';
import { openDatabase, type SqliteDatabase } from '../../base/sqlite.ts';
import { readCell, readNews } from './ledger-cells.ts';
import type { Message } from './message.ts';
import type { News, Told } from './news.ts';

/** "SgwN": how a file says that it is ours. */
const APPLICATION_ID = 0x5367_774e;

const MIGRATIONS: readonly string[] = [
  `
  -- The change of a ticket that was taken in last: one row, none before the first.
  CREATE TABLE place (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    change INTEGER NOT NULL,
    ticket INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE channels (
    name TEXT PRIMARY KEY,
    -- Of its breaker, as JSON.
    breaker TEXT,
    -- Since when, and how often on end, nothing could be sent.
    failing_at INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    sent_at INTEGER,
    -- Things that there was no room for.
    overflow INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- Of each thing what waits to be told, and what was told last, as JSON.
  CREATE TABLE news (
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    news TEXT NOT NULL,
    PRIMARY KEY (channel, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE told (
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (channel, key)
  ) STRICT, WITHOUT ROWID;

  -- On its way, and perhaps there already: at most one of each channel, with the news that it is made of.
  CREATE TABLE messages (
    channel TEXT PRIMARY KEY,
    message TEXT NOT NULL,
    news TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    refusals INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  `,
];

/** Where the history of the tickets has been read to. */
export interface Place {
  readonly change: number;
  readonly ticket: number;
  readonly at: number;
}

export interface ChannelRecord {
  readonly failingAt: number | null;
  readonly failures: number;
  readonly reason: string;
  readonly sentAt: number | null;
  readonly overflow: number;
}

export interface Underway {
  readonly message: Message;
  readonly news: readonly News[];
  /** How often it was sent without an answer that ended it. */
  readonly tries: number;
  /** Verdicts on its content. */
  readonly refusals: number;
}

export interface NotifyLedger {
  /** All of it or nothing of it. */
  atomically<T>(work: () => T): T;
  place(): Place | undefined;
  moveTo(place: Place): void;
  /** Forgets channels that are none any more; returns those of `names` that it has never seen. */
  knowChannels(names: readonly string[]): readonly string[];
  channel(name: string): ChannelRecord;
  saveChannel(name: string, record: ChannelRecord): void;
  breaker(name: string): BreakerRecord | undefined;
  saveBreaker(name: string, record: BreakerRecord): void;
  newsOf(channel: string, key: string): News | undefined;
  allNews(channel: string): readonly News[];
  countNews(channel: string): number;
  putNews(channel: string, news: News): void;
  dropNews(channel: string, key: string): void;
  told(channel: string, key: string): Told | undefined;
  putTold(channel: string, key: string, told: Told): void;
  /** What was last told before this moment, and can hold nothing back any more. */
  forgetTold(beforeAt: number): void;
  underway(channel: string): Underway | undefined;
  putUnderway(channel: string, underway: Underway): void;
  endUnderway(channel: string): void;
  close(): void;
}

export interface OpenLedgerOptions {
  readonly file: string;
  readonly wallMs: () => number;
  /** The file was damaged, and has been moved to `dir`; what was open then is told again. */
  readonly onQuarantined: (dir: string, reason: string) => void;
}

/** Damaged files that are kept to be looked at: there is nothing in them to bring back. */
const SHELF: ShelfBounds = { bytesMax: 16 * 1_048_576, diskReserveBytes: 0 };

/**
 * A damaged file is put aside, and a fresh one begun. Throws what `openDatabase` throws besides, and
 * `SGW_DATA_DIR_UNUSABLE` for a damaged file that the disk does not let go of.
 */
export function openNotifyLedger({ file, wallMs, onQuarantined }: OpenLedgerOptions): NotifyLedger {
  const quarantine = (reason: string): void => {
    const dir = putAside(file, reason, wallMs());
    tidyShelf(file, SHELF, () => undefined);
    onQuarantined(dir, reason);
  };
  const check = { file, checkedWhole: ['place', 'channels', 'news', 'told', 'messages'] };
  return openOrReplace(check, () => ledgerOn(open(file)), quarantine);
}

/**
 * Returns where it lies now. What the system refuses is said as `SGW_DATA_DIR_UNUSABLE`: its own words would mislead, for
 * on a read-only disk Node says of a path that it cannot make that there is none.
 */
function putAside(file: string, reason: string, at: number): string {
  try {
    const dir = moveAside(file, { reason, at });
    noteSalvaged(dir, {});
    return dir;
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const what = `${file} is damaged (${reason}) and cannot be put aside: ${messageOf(error)}`;
    throw new GatewayError('SGW_DATA_DIR_UNUSABLE', what, {
      hint: `Is the disk full (df -h) or read-only (findmnt ${dirname(file)})?`,
      cause: error,
    });
  }
}

function open(file: string): SqliteDatabase {
  const bounds = { cacheKiB: 256, walMiB: 1 };
  return openDatabase({ file, applicationId: APPLICATION_ID, migrations: MIGRATIONS, ...bounds });
}

function ledgerOn(database: SqliteDatabase): NotifyLedger {
  const place = database.prepare<[], Place>('SELECT change, ticket, at FROM place');
  const moveTo = database.prepare<Place>(
    `INSERT INTO place (id, change, ticket, at) VALUES (1, @change, @ticket, @at)
     ON CONFLICT DO UPDATE SET change = @change, ticket = @ticket, at = @at`,
  );
  const names = database.prepare<[], string>('SELECT name FROM channels').pluck();
  const known = database.prepare<[string]>('INSERT INTO channels (name) VALUES (?) ON CONFLICT DO NOTHING');
  const forget = [
    'DELETE FROM channels WHERE name = ?',
    ...['news', 'told', 'messages'].map((table) => `DELETE FROM ${table} WHERE channel = ?`),
  ].map((sql) => database.prepare<[string]>(sql));
  const channel = database.prepare<[string], ChannelRecord>(
    'SELECT failing_at AS failingAt, failures, reason, sent_at AS sentAt, overflow FROM channels WHERE name = ?',
  );
  const saveChannel = database.prepare<ChannelRecord & { name: string }>(
    `UPDATE channels SET failing_at = @failingAt, failures = @failures, reason = @reason, sent_at = @sentAt,
       overflow = @overflow WHERE name = @name`,
  );
  const breaker = database
    .prepare<[string], string | null>('SELECT breaker FROM channels WHERE name = ?')
    .pluck();
  const saveBreaker = database.prepare<[string, string]>('UPDATE channels SET breaker = ? WHERE name = ?');
  const newsOf = database
    .prepare<[string, string], string>('SELECT news FROM news WHERE channel = ? AND key = ?')
    .pluck();
  const allNews = database.prepare<[string], { key: string; news: string }>(
    'SELECT key, news FROM news WHERE channel = ? ORDER BY key',
  );
  const countNews = database.prepare<[string], number>('SELECT count(*) FROM news WHERE channel = ?').pluck();
  const putNews = database.prepare<[string, string, string]>(
    'INSERT INTO news (channel, key, news) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET news = excluded.news',
  );
  const dropNews = database.prepare<[string, string]>('DELETE FROM news WHERE channel = ? AND key = ?');
  const told = database
    .prepare<[string, string], string>('SELECT told FROM told WHERE channel = ? AND key = ?')
    .pluck();
  const putTold = database.prepare<[string, string, number, string]>(
    `INSERT INTO told (channel, key, at, told) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET at = excluded.at, told = excluded.told`,
  );
  const forgetTold = database.prepare<[number]>('DELETE FROM told WHERE at < ?');
  const underway = database.prepare<
    [string],
    { message: string; news: string; tries: number; refusals: number }
  >('SELECT message, news, tries, refusals FROM messages WHERE channel = ?');
  const putUnderway = database.prepare<[string, string, string, number, number]>(
    `INSERT INTO messages (channel, message, news, tries, refusals) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET tries = excluded.tries, refusals = excluded.refusals`,
  );
  const endUnderway = database.prepare<[string]>('DELETE FROM messages WHERE channel = ?');

  const atomically = database.transaction((work: () => unknown) => work());

  return {
    atomically: <T>(work: () => T) => atomically.immediate(work) as T,
    place: () => place.get(),
    moveTo: (to) => void moveTo.run(to),
    knowChannels(wanted) {
      const before = names.all();
      for (const gone of before.filter((name) => !wanted.includes(name)))
        for (const one of forget) one.run(gone);
      const fresh = wanted.filter((name) => !before.includes(name));
      for (const name of fresh) known.run(name);
      return fresh;
    },
    channel: (name) => channel.get(name) ?? NEVER_USED,
    saveChannel: (name, record) => void saveChannel.run({ ...record, name }),
    breaker(name) {
      const text = breaker.get(name);
      return text === undefined || text === null ? undefined : readCell('breaker', text);
    },
    saveBreaker: (name, record) => void saveBreaker.run(JSON.stringify(record), name),
    newsOf(name, key) {
      const text = newsOf.get(name, key);
      return text === undefined ? undefined : readNews(key, text);
    },
    allNews: (name) => allNews.all(name).map(({ key, news }) => readNews(key, news)),
    countNews: (name) => countNews.get(name) ?? 0,
    putNews: (name, news) => void putNews.run(name, news.ticket.key, JSON.stringify(news)),
    dropNews: (name, key) => void dropNews.run(name, key),
    told(name, key) {
      const text = told.get(name, key);
      return text === undefined ? undefined : readCell('told', text);
    },
    putTold: (name, key, what) => void putTold.run(name, key, what.at, JSON.stringify(what)),
    forgetTold: (beforeAt) => void forgetTold.run(beforeAt),
    underway(name) {
      const row = underway.get(name);
      return row === undefined
        ? undefined
        : { ...row, message: readCell('message', row.message), news: readCell('list of news', row.news) };
    },
    putUnderway(name, { message, news, tries, refusals }) {
      putUnderway.run(name, JSON.stringify(message), JSON.stringify(news), tries, refusals);
    },
    endUnderway: (name) => void endUnderway.run(name),
    close: () => database.close(),
  };
}

const NEVER_USED: ChannelRecord = { failingAt: null, failures: 0, reason: '', sentAt: null, overflow: 0 };
