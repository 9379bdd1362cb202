/**
 * The series table: what a reading is of (sensor, metric, unit), written once and referred to by a small
 * number. Known series are remembered, so that a steady round asks the database for none of them.
 */

import { GatewayError } from '../../base/errors.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import { NAME_PATTERN, NAME_RULE, type Reading, UNIT_PATTERN } from '../reading.ts';
import type { RowChecksum } from './row-checksum.ts';

export interface SeriesTable {
  /** The id of a reading's series, inserted when it is new. Inside a transaction. */
  idOf(reading: Reading): number;
  /** `{"sensor":...,"metric":...,"unit":...}` of a series that has rows. */
  jsonOf(id: number): string;
  /** Where the checksum of a row of this stream and series starts; `undefined` for a series that does not exist. */
  checksumStart(stream: string, id: number): number | undefined;
  /** What was inserted since the last commit is there to stay, or is not there. */
  committed(): void;
  rolledBack(): void;
}

interface SeriesRow {
  readonly id: number;
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
}

export function openSeries(database: SqliteDatabase, checksum: Pick<RowChecksum, 'startOf'>): SeriesTable {
  const select = database.prepare<[], SeriesRow>('SELECT id, sensor, metric, unit FROM series');
  const insert = database.prepare<[string, string, string]>(
    'INSERT INTO series (sensor, metric, unit) VALUES (?, ?, ?)',
  );
  const ids = new Map<string, number>();
  const texts = new Map<number, string>();
  const names = new Map<number, SeriesRow>();
  // Of one stream at a time: batches and rounds hardly ever go from one to another.
  const starts = new Map<number, number>();
  let startsOf = '';
  const fresh = new Map<string, number>();

  function remember(row: SeriesRow): void {
    const { id, sensor, metric, unit } = row;
    names.set(id, row);
    ids.set(keyOf(sensor, metric, unit), id);
    texts.set(id, JSON.stringify({ sensor, metric, unit }));
  }

  for (const row of select.iterate()) remember(row);

  return {
    idOf({ sensor, metric, unit }) {
      const key = keyOf(sensor, metric, unit);
      const known = ids.get(key);
      if (known !== undefined) return known;
      assertNames(sensor, metric, unit);
      const id = Number(insert.run(sensor, metric, unit).lastInsertRowid);
      remember({ id, sensor, metric, unit });
      fresh.set(key, id);
      return id;
    },
    jsonOf(id) {
      const text = texts.get(id);
      if (text === undefined) throw new Error(`a row refers to series ${id}, which does not exist`);
      return text;
    },
    checksumStart(stream, id) {
      if (stream !== startsOf) starts.clear();
      startsOf = stream;
      const known = starts.get(id);
      const row = names.get(id);
      if (known !== undefined || row === undefined) return known;
      const start = checksum.startOf(stream, row);
      starts.set(id, start);
      return start;
    },
    committed() {
      fresh.clear();
    },
    rolledBack() {
      for (const [key, id] of fresh) {
        ids.delete(key);
        texts.delete(id);
        names.delete(id);
        starts.delete(id);
      }
      fresh.clear();
    },
  };
}

/** Names contain no space, and what does is refused before it gets an entry. */
function keyOf(sensor: string, metric: string, unit: string): string {
  return `${sensor} ${metric} ${unit}`;
}

function assertNames(sensor: string, metric: string, unit: string): void {
  const ok = NAME_PATTERN.test(sensor) && NAME_PATTERN.test(metric) && UNIT_PATTERN.test(unit);
  if (ok) return;
  const what = JSON.stringify({ sensor, metric, unit });
  throw new GatewayError('SGW_READING_INVALID', `the outbox takes no reading of ${what}`, {
    hint: `Names are ${NAME_RULE}; a unit is 1 to 24, such as percent or µg/m^3.`,
  });
}
