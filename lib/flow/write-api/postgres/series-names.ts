/**
 * Series by name, with their ids held in memory: a batch of known series costs no query at all. New ones are begun in
 * a transaction of their own, one write API after the other, so that the limit holds for all of them together, and
 * what ingests waits for nobody's names. A series without readings harms nobody.
 */

import { REFUSALS, type Refusal } from '../../reading.ts';
import type { SeriesKey } from '../readings-store.ts';
import { LOCKS } from './advisory-locks.ts';
import type { Session, Sql } from './connections.ts';

export interface SeriesNames {
  /** The ids of these, new ones begun as far as there is room. What is forgotten meanwhile stays known to the caller. */
  learn(session: Session, keys: readonly SeriesKey[]): Promise<KnownSeries>;

  /** Another database may stand under the same address: ids are asked for again. */
  forget(): void;
}

export interface KnownSeries {
  /** `undefined` where the store has too many. */
  idOf(key: SeriesKey): number | undefined;

  /** Words the refusal of a reading whose series could not begin. */
  full(seq: number, key: SeriesKey | undefined): Refusal;
}

export function createSeriesNames(seriesMax: number): SeriesNames {
  let known = new Map<string, number>();

  async function find(sql: Sql, keys: readonly SeriesKey[]): Promise<SeriesRow[]> {
    return sql.rows<SeriesRow>(
      `SELECT id, gateway, sensor, metric, unit FROM sensorgw.series
       WHERE (gateway, sensor, metric, unit) IN (SELECT * FROM ${UNNESTED})`,
      columnsOf(keys),
    );
  }

  /** All of them that there is room for. */
  function begin(session: Session, keys: readonly SeriesKey[]): Promise<SeriesRow[]> {
    return session.transaction(async (sql) => {
      await sql.rows('SELECT pg_advisory_xact_lock($1)', [LOCKS.series]);
      // Under the lock: another write API may have begun some of them.
      const found = await find(sql, keys);
      const names = new Set(found.map(nameOf));
      const [row] = await sql.rows<{ count: number }>('SELECT count(*) AS count FROM sensorgw.series');
      const room = Math.max(0, seriesMax - (row?.count ?? 0));
      const fresh = keys.filter((key) => !names.has(nameOf(key))).slice(0, room);
      const begun = await sql.rows<SeriesRow>(
        `INSERT INTO sensorgw.series (gateway, sensor, metric, unit) SELECT * FROM ${UNNESTED}
         RETURNING id, gateway, sensor, metric, unit`,
        columnsOf(fresh),
      );
      return [...found, ...begun];
    });
  }

  return {
    async learn(session, keys) {
      const ids = known;
      const named = new Map(keys.map((key) => [nameOf(key), key]));
      const unknown = () => [...named].flatMap(([name, key]) => (ids.has(name) ? [] : [key]));
      const note = (rows: readonly SeriesRow[]) => {
        for (const row of rows) ids.set(nameOf(row), row.id);
      };
      if (unknown().length > 0) note(await session.look((sql) => find(sql, unknown())));
      // Only what has been committed is noted: what was rolled back has no id.
      if (unknown().length > 0) note(await begin(session, unknown()));
      return {
        idOf: (key) => ids.get(nameOf(key)),
        full: (seq, key) => ({
          seq,
          code: 'series_limit',
          message: `${key?.sensor}/${key?.metric} ${REFUSALS.series_limit.meaning} (${seriesMax})`,
        }),
      };
    },
    forget() {
      known = new Map();
    },
  };
}

interface SeriesRow extends SeriesKey {
  readonly id: number;
}

const UNNESTED = 'unnest($1::text[], $2::text[], $3::text[], $4::text[])';

function columnsOf(keys: readonly SeriesKey[]): string[][] {
  return (['gateway', 'sensor', 'metric', 'unit'] as const).map((name) => keys.map((key) => key[name]));
}

/** None of the four may contain a space (see the patterns in reading.ts), so the name is unambiguous. */
function nameOf({ gateway, sensor, metric, unit }: SeriesKey): string {
  return `${gateway} ${sensor} ${metric} ${unit}`;
}
