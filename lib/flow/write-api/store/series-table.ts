/**
 * Series by name, with their ids held in memory: a batch of known series costs no query at all. Ids of
 * series that a transaction has begun count only once it has committed (`commit`), or a rollback would
 * leave us with ids that the file does not know.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import { REFUSALS, type Refusal } from '../../reading.ts';
import type { SeriesKey } from '../readings-store.ts';

export interface SeriesTable {
  /** Ids in the order of `keys`, new series begun as needed; `undefined` where the store has too many. */
  idsOf(keys: readonly SeriesKey[]): {
    readonly ids: readonly (number | undefined)[];
    /** Words the refusal of a reading whose series could not begin. */
    full(seq: number, key: SeriesKey | undefined): Refusal;
  };
  commit(): void;
  rollback(): void;
}

export function createSeriesTable(database: SqliteDatabase, seriesMax: number): SeriesTable {
  const known = new Map<string, number>();
  const fresh = new Map<string, number>();
  const find = database
    .prepare<[string, string, string, string], number>(
      'SELECT id FROM series WHERE gateway = ? AND sensor = ? AND metric = ? AND unit = ?',
    )
    .pluck();
  const begin = database
    .prepare<[string, string, string, string, number], number>(
      `INSERT INTO series (gateway, sensor, metric, unit)
       SELECT ?, ?, ?, ? WHERE (SELECT coalesce(max(id), 0) FROM series) < ? RETURNING id`,
    )
    .pluck();

  function idOf({ gateway, sensor, metric, unit }: SeriesKey): number | undefined {
    // None of the four may contain a space (see the patterns in reading.ts), so the name is unambiguous.
    const name = `${gateway} ${sensor} ${metric} ${unit}`;
    const held = known.get(name) ?? fresh.get(name);
    if (held !== undefined) return held;
    const id = find.get(gateway, sensor, metric, unit) ?? begin.get(gateway, sensor, metric, unit, seriesMax);
    if (id !== undefined) fresh.set(name, id);
    return id;
  }

  return {
    idsOf: (keys) => ({
      ids: keys.map(idOf),
      full: (seq, key) => ({
        seq,
        code: 'series_limit',
        message: `${key?.sensor}/${key?.metric} ${REFUSALS.series_limit.meaning} (${seriesMax})`,
      }),
    }),
    commit() {
      for (const [name, id] of fresh) known.set(name, id);
      fresh.clear();
    },
    rollback: () => fresh.clear(),
  };
}
