/**
 * The ledger: seqs that a destination will never get, each range with its cause. A store that has been told
 * has no gap that nobody can explain. Entries are complete in themselves, so they outlive rows and streams.
 *
 * A destination has been told everything up to one id. A range that grows gets a new id, so that it is told
 * again: the store adds ranges up, and hearing one twice does no harm.
 */

import { crcOf } from '../../base/cell-checksum.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { GoneCause } from '../reading.ts';
import { normalized, type SeqRange, type SeqRanges } from '../seq-ranges.ts';
import { prepareWriteTold } from './destination-rows.ts';

/** Seqs of one stream that will never come. */
export interface GoneEntry {
  readonly stream: string;
  readonly lo: number;
  readonly hi: number;
  readonly cause: GoneCause;
  /** Wall time at which the range grew last. */
  readonly at: number;
}

/** What a destination has not been told yet, of one stream. */
export interface Untold {
  readonly stream: string;
  readonly entries: readonly GoneEntry[];
  /** Hand this to `noteTold` once the destination has it. */
  readonly upTo: number;
}

export interface GoneLedger {
  /** Writes entries; `destination` for what only that one will never get. Inside a transaction. */
  declare(
    stream: string,
    seqs: SeqRanges,
    cause: GoneCause,
    options: { at: number; destination?: string },
  ): void;
  /** The oldest entries that `destination` has not been told. */
  untold(destination: string): Untold | undefined;
  /** In memory until the next transaction: after a crash it is told once more. */
  noteTold(destination: string, upTo: number): void;
  /** Seqs from `seq` on that nobody will get. */
  forAllFrom(seq: number): SeqRanges;
  pending(): boolean;
  /** Writes what has been noted. Inside a transaction; `written` must follow its commit. */
  write(): void;
  written(): void;
}

/** Ranges in one telling, 40 KiB at worst: far below what a request may carry, and few tellings in a long drain. */
const TOLD_AT_ONCE = 500;
/** Entries that all whom they concern have been told are kept for people, but not for ever: about 600 KiB. */
const TOLD_KEPT = 10_000;

/** All that an entry says; its checksum is over them. */
type GoneCells = [
  id: number,
  stream: string,
  destination: string | null,
  lo: number,
  hi: number,
  cause: GoneCause,
  at: number,
];

interface Row extends GoneEntry {
  readonly id: number;
}

export function openGoneLedger(database: SqliteDatabase, destinations: readonly string[]): GoneLedger {
  const newestId = database.prepare<[], number>('SELECT coalesce(max(id), 0) FROM gone').pluck();
  const insert = database.prepare<[...GoneCells, number]>(
    'INSERT INTO gone (id, stream, destination, lo, hi, cause, at, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const neighbours = database.prepare<
    [string, GoneCause, string | null, number, number],
    Pick<Row, 'id' | 'lo' | 'hi'>
  >(
    `SELECT id, lo, hi FROM gone
     WHERE stream = ? AND cause = ? AND destination IS ? AND lo <= ? AND hi >= ?`,
  );
  const remove = database.prepare<[number]>('DELETE FROM gone WHERE id = ?');
  const after = database.prepare<[number, string, number], Row>(
    `SELECT id, stream, lo, hi, cause, at FROM gone
     WHERE id > ? AND (destination IS NULL OR destination = ?) ORDER BY id LIMIT ?`,
  );
  const forAll = database
    .prepare<[number], SeqRange>('SELECT lo, hi FROM gone WHERE destination IS NULL AND hi >= ?')
    .raw();
  const readTold = database
    .prepare<[string], number>('SELECT gone_told FROM destinations WHERE name = ?')
    .pluck();
  const writeTold = prepareWriteTold(database);
  const prune = database.prepare<[number, number]>(
    'DELETE FROM gone WHERE id <= ? AND id <= (SELECT max(id) FROM gone) - ?',
  );
  // Else those of one would be kept for as long as another cannot be reached, whom they do not concern.
  const pruneOf = database.prepare<[number, number, string]>(
    'DELETE FROM gone WHERE id <= ? AND id <= (SELECT max(id) FROM gone) - ? AND destination = ?',
  );

  /** At least the highest id there is: most of the time it alone says that there is nothing to tell. */
  let newest = newestId.get() ?? 0;
  // Ids of commits that failed count as told, and are given again after a restart: those would be told to nobody.
  const told = new Map(destinations.map((name) => [name, Math.min(readTold.get(name) ?? 0, newest)]));
  const changed = new Set<string>();

  return {
    declare(stream, seqs, cause, { at, destination = null as string | null }) {
      for (const [lo, hi] of seqs) {
        const joined = neighbours.all(stream, cause, destination, hi + 1, lo - 1);
        const [range = [lo, hi] as const] = normalized([
          [lo, hi],
          ...joined.map((one) => [one.lo, one.hi] as const),
        ]);
        const known = joined.length === 1 && joined[0]?.lo === range[0] && joined[0].hi === range[1];
        if (known) continue;
        // Not what SQLite would give it: an id that has been the highest must not be given again.
        newest += 1;
        const cells: GoneCells = [newest, stream, destination, range[0], range[1], cause, at];
        insert.run(...cells, crcOf(cells));
        for (const { id } of joined) remove.run(id);
      }
    },
    untold(destination) {
      const from = told.get(destination) ?? 0;
      if (from >= newest) return undefined;
      const rows = after.all(from, destination, TOLD_AT_ONCE);
      const stream = rows[0]?.stream;
      if (stream === undefined) {
        told.set(destination, newest); // All of it concerns others.
        return undefined;
      }
      const end = rows.findIndex((row) => row.stream !== stream);
      const entries = end === -1 ? rows : rows.slice(0, end);
      return { stream, entries, upTo: entries.at(-1)?.id ?? from };
    },
    noteTold(destination, upTo) {
      if (upTo <= (told.get(destination) ?? 0)) return;
      told.set(destination, upTo);
      changed.add(destination);
    },
    forAllFrom: (seq) => normalized(forAll.all(seq)),
    pending: () => changed.size > 0,
    write() {
      if (changed.size === 0) return;
      for (const destination of changed) {
        const upTo = told.get(destination) ?? 0;
        writeTold(destination, upTo);
        pruneOf.run(upTo, TOLD_KEPT, destination);
      }
      prune.run(Math.min(...told.values()), TOLD_KEPT);
    },
    written() {
      changed.clear();
    },
  };
}

/** The body of a request that only tells what will never come. */
export function goneText(gateway: string, { stream, entries }: Untold): string {
  const gone = entries.map(({ lo, hi, cause }) => [lo, hi, cause]);
  return JSON.stringify({ gateway, stream, series: [], readings: [], gone });
}
