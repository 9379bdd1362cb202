/** Streams by name, and what the store has of one, in parts of a bounded size. */

import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import type { SqliteDatabase } from '../../../base/sqlite.ts';
import { GONE_CAUSES, type StreamAnswer } from '../../reading.ts';
import { RANGES_TOLD_MAX, streamAnswer } from '../stream-answer.ts';
import type { RangeTable } from './range-table.ts';
import { streams as streamsTable } from './tables.ts';

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

      return streamAnswer({
        stream,
        gateway: row.gateway,
        from,
        highest: received.highest([row.id]),
        received: received.page([row.id], from, RANGES_TOLD_MAX),
        gone: GONE_CAUSES.map((cause) => [cause, gone.page([row.id, cause], from, RANGES_TOLD_MAX)]),
      });
    },
  };
}
