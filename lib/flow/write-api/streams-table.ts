/** Streams by name, and what the store has of one, in parts of a bounded size. */

import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import { GONE_CAUSES, type StreamAnswer } from '../reading.ts';
import { difference, intersection, type SeqRange, type SeqRanges, union } from '../seq-ranges.ts';
import type { RangeTable } from './range-table.ts';
import { streams as streamsTable } from './schema.ts';

/** Ranges of each kind in one answer: 60 KiB of JSON at worst. A stream without trouble has one range. */
const STREAM_RANGES_MAX = 1_000;

export interface StreamsTable {
  /** The id of a stream, begun if it is new; notes who delivers it now. Inside a transaction. */
  idOf(stream: string, gateway: string): number;

  /** Who delivered it last; `undefined` if nobody has. */
  gatewayOf(stream: string): string | undefined;

  describe(
    stream: string,
    from: number,
    received: RangeTable<[stream: number]>,
    gone: RangeTable<[stream: number, cause: string]>,
  ): StreamAnswer;
}

export function createStreamsTable(database: SqliteDatabase): StreamsTable {
  const orm = drizzle(database);
  const find = database.prepare<[string], { id: number; gateway: string }>(
    'SELECT id, gateway FROM streams WHERE stream = ?',
  );
  const begin = database
    .prepare<[string, string], number>('INSERT INTO streams (stream, gateway) VALUES (?, ?) RETURNING id')
    .pluck();
  const rename = database.prepare<[string, number]>('UPDATE streams SET gateway = ? WHERE id = ?');

  return {
    idOf(stream, gateway) {
      const found = find.get(stream);
      if (found === undefined) return Number(begin.get(stream, gateway));
      if (found.gateway !== gateway) rename.run(gateway, found.id);
      return found.id;
    },
    gatewayOf: (stream) => find.get(stream)?.gateway,
    describe(stream, from, received, gone) {
      const row = orm.select().from(streamsTable).where(eq(streamsTable.stream, stream)).get();
      if (row === undefined) return { stream, gateway: null, received: [], gone: [] };

      const lists = [
        received.page([row.id], from, STREAM_RANGES_MAX),
        ...GONE_CAUSES.map((cause) => gone.page([row.id, cause], from, STREAM_RANGES_MAX)),
      ];
      // All lists end where the first full one does: beyond it we have not looked at everything.
      const full = lists.filter((list) => list.length === STREAM_RANGES_MAX);
      const told = Math.min(...full.map((list) => (list.at(-1) as SeqRange)[1]));
      const within: SeqRanges = [[from, Math.min(told, Number.MAX_SAFE_INTEGER)]];
      const [have = [], ...causes] = lists.map((list) => intersection(list, within));

      let settled = have;
      const goneNow: StreamAnswer['gone'] = [];
      for (const [index, ranges] of causes.entries()) {
        const cause = GONE_CAUSES[index];
        if (cause === undefined) continue;
        for (const [lo, hi] of difference(ranges, settled)) goneNow.push([lo, hi, cause]);
        settled = union(settled, ranges);
      }
      const highest = received.highest([row.id]);
      return {
        stream,
        gateway: row.gateway,
        received: have.map(([lo, hi]) => [lo, hi]),
        gone: goneNow.sort((a, b) => a[0] - b[0]),
        ...(highest === undefined ? {} : { highest }),
        ...(full.length > 0 && told < Number.MAX_SAFE_INTEGER ? { next: told + 1 } : {}),
      };
    },
  };
}
