/**
 * The ranges of a table as a transaction works with them: those that its batches touch are read at once, changed in
 * memory as batch follows batch, and what has changed is written at once. The streams they belong to are locked
 * meanwhile, so what has been read is what there is.
 */

import { NO_SEQS, type SeqRange, type SeqRanges, union } from '../../seq-ranges.ts';
import { numbers, type Sql } from './connections.ts';

/** Of one row of a table of ranges: the cells before `lo`, in the order of its key. */
export type RangeKey = readonly (number | string)[];

export interface RangeTableShape {
  readonly table: string;
  readonly keys: readonly { readonly name: string; readonly type: 'integer' | 'text' }[];
}

export interface RangeBook {
  /** Reads what overlaps these or lies directly beside them. */
  read(sql: Sql, asked: readonly (readonly [key: RangeKey, ranges: SeqRanges])[]): Promise<void>;

  /** The highest range of a key, read with nothing below it. */
  readLast(sql: Sql, key: RangeKey): Promise<void>;

  /** Everything of a key that has been read or added. */
  of(key: RangeKey): SeqRanges;

  /** Ranges within what has been read of this key, or above all of it. */
  add(key: RangeKey, ranges: SeqRanges): void;

  write(sql: Sql): Promise<void>;
}

interface Page {
  readonly key: RangeKey;
  readonly before: Map<number, number>;
  ranges: SeqRanges;
}

type Row = Record<string, number | string> & { readonly lo: number; readonly hi: number };

export function createRangeBook({ table, keys }: RangeTableShape): RangeBook {
  const pages = new Map<string, Page>();
  const names = keys.map(({ name }) => name);
  const ofKey = names.map((name) => `${name} = asked.${name}`).join(' AND ');
  const arrays = keys.map(({ type }, i) => `$${i + 1}::${type}[]`);
  const bounds = [`$${keys.length + 1}::bigint[]`, `$${keys.length + 2}::bigint[]`];
  const columns = [...names, 'lo', 'hi'];
  const unnested = (places: readonly string[], as: readonly string[]) =>
    `unnest(${places.join(', ')}) AS asked (${as.join(', ')})`;

  // Two seeks instead of `lo <= .. AND hi >= ..`: the ranges are disjoint, so only the last one that begins at or
  // before a seq can reach it, and the condition on hi would walk all that come before.
  const touching = `
    SELECT DISTINCT ${names.map((name) => `asked.${name}`).join(', ')}, found.lo, found.hi
    FROM ${unnested([...arrays, ...bounds], columns)}
    CROSS JOIN LATERAL (
      (SELECT lo, hi FROM ${table} WHERE ${ofKey} AND lo <= asked.lo ORDER BY lo DESC LIMIT 1)
      UNION ALL
      (SELECT lo, hi FROM ${table} WHERE ${ofKey} AND lo > asked.lo AND lo <= asked.hi + 1)
    ) AS found
    WHERE found.hi >= asked.lo - 1`;
  const last = `
    SELECT ${columns.join(', ')} FROM ${table}
    WHERE ${keys.map(({ name }, i) => `${name} = $${i + 1}`).join(' AND ')} ORDER BY lo DESC LIMIT 1`;
  const remove = `
    DELETE FROM ${table} USING ${unnested([...arrays, bounds[0] ?? ''], [...names, 'lo'])}
    WHERE ${names.map((name) => `${table}.${name} = asked.${name}`).join(' AND ')} AND ${table}.lo = asked.lo`;
  const put = `
    INSERT INTO ${table} (${columns.join(', ')})
    SELECT ${columns.join(', ')} FROM ${unnested([...arrays, ...bounds], columns)}
    ON CONFLICT (${[...names, 'lo'].join(', ')}) DO UPDATE SET hi = excluded.hi`;

  function pageOf(key: RangeKey): Page {
    const name = key.join(' ');
    let page = pages.get(name);
    if (page === undefined) {
      page = { key, before: new Map(), ranges: NO_SEQS };
      pages.set(name, page);
    }
    return page;
  }

  function keep(rows: readonly Row[]): void {
    const found = new Map<Page, SeqRange[]>();
    for (const row of rows) {
      const page = pageOf(names.map((name) => row[name] ?? ''));
      page.before.set(row.lo, row.hi);
      const ranges = found.get(page);
      if (ranges === undefined) found.set(page, [[row.lo, row.hi]]);
      else ranges.push([row.lo, row.hi]);
    }
    for (const [page, ranges] of found) {
      page.ranges = union(
        page.ranges,
        ranges.sort((a, b) => a[0] - b[0]),
      );
    }
  }

  /** The cells of the keys as one array for each column, then those of the bounds. */
  function cellsOf(rows: readonly (readonly [key: RangeKey, ...bounds: number[]])[], boundCount: number) {
    const keyCells = keys.map(({ type }, i) => {
      const cells = rows.map(([key]) => key[i] ?? '');
      return type === 'integer' ? numbers(cells.map(Number)) : cells;
    });
    const boundCells = Array.from({ length: boundCount }, (_, i) =>
      numbers(rows.map(([, ...own]) => own[i] ?? 0)),
    );
    return [...keyCells, ...boundCells];
  }

  return {
    async read(sql, asked) {
      const rows = asked.flatMap(([key, ranges]) => ranges.map(([lo, hi]) => [key, lo, hi] as const));
      if (rows.length > 0) keep(await sql.rows<Row>(touching, cellsOf(rows, 2)));
    },
    async readLast(sql, key) {
      keep(await sql.rows<Row>(last, key));
    },
    of: (key) => pages.get(key.join(' '))?.ranges ?? NO_SEQS,
    add(key, ranges) {
      const page = pageOf(key);
      page.ranges = union(page.ranges, ranges);
    },
    async write(sql) {
      const removed: [RangeKey, number][] = [];
      const changed: [RangeKey, number, number][] = [];
      for (const { key, before, ranges } of pages.values()) {
        const after = new Set(ranges.map(([lo]) => lo));
        for (const lo of before.keys()) if (!after.has(lo)) removed.push([key, lo]);
        for (const [lo, hi] of ranges) if (before.get(lo) !== hi) changed.push([key, lo, hi]);
      }
      if (removed.length > 0) await sql.run(remove, cellsOf(removed, 1));
      if (changed.length > 0) await sql.run(put, cellsOf(changed, 2));
    },
  };
}

const INTEGER = 'integer';
export const RECEIVED: RangeTableShape = {
  table: 'sensorgw.received',
  keys: [{ name: 'stream', type: INTEGER }],
};
export const GONE: RangeTableShape = {
  table: 'sensorgw.gone',
  keys: [
    { name: 'stream', type: INTEGER },
    { name: 'cause', type: 'text' },
  ],
};
export const COVERED: RangeTableShape = {
  table: 'sensorgw.covered',
  keys: [
    { name: 'source', type: INTEGER },
    { name: 'series', type: INTEGER },
  ],
};
