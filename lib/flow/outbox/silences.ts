/** The book of silences of an outbox file (`silence.ts`): bounded, and written only when one begins or ends. */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import { isStart, type KnownSensor, type Silence, type SilenceBook } from '../silence.ts';

/** Years of a sensor with a loose contact; 1 MiB. */
export const SILENCES_KEPT = 10_000;
/** What comes back so soon is one trouble: a sensor that fails every minute has a line for each time it rested. */
const JOINED_MS = 600_000;

export function openSilences(database: SqliteDatabase, lastSeq: () => number): SilenceBook {
  const latest = database.prepare<[string, string | null], Pick<Silence, 'toAt'> & { id: number }>(
    'SELECT id, to_at AS toAt FROM silences WHERE cause = ? AND sensor IS ? ORDER BY id DESC LIMIT 1',
  );
  const insert = database.prepare<Silence>(`
    INSERT INTO silences (cause, sensor, after_seq, until_seq, from_at, to_at, detail)
    VALUES (@cause, @sensor, @afterSeq, @untilSeq, @fromAt, @toAt, @detail)`);
  const goOn = database.prepare<Pick<Silence, 'untilSeq' | 'toAt' | 'detail'> & { id: number }>(
    'UPDATE silences SET until_seq = @untilSeq, to_at = @toAt, detail = @detail WHERE id = @id',
  );
  const prune = database.prepare<[number]>('DELETE FROM silences WHERE id <= ?');
  const end = database.prepare<[number, number, number]>(
    'UPDATE silences SET until_seq = ?, to_at = ? WHERE id = ?',
  );
  const endAll = database.prepare<[number, number]>(
    'UPDATE silences SET until_seq = ?, to_at = ? WHERE until_seq IS NULL',
  );
  const keepSensor = database.prepare<KnownSensor>(`
    INSERT INTO sensors (sensor, source, interval_ms) VALUES (@sensor, @source, @intervalMs)
    ON CONFLICT DO UPDATE SET source = excluded.source, interval_ms = excluded.interval_ms`);
  const sensors = database.prepare<[], KnownSensor>(
    'SELECT sensor, source, interval_ms AS intervalMs FROM sensors',
  );
  const lastStart = database
    .prepare<[], string>(
      "SELECT detail FROM silences WHERE cause IN ('power_off', 'reader_stopped') ORDER BY id DESC LIMIT 1",
    )
    .pluck();
  const transaction = database.transaction((work: () => void) => work());

  return {
    lastSeq,
    sensors: () => sensors.all(),
    keepSensor: (sensor) => void keepSensor.run(sensor),
    lastStart: () => lastStart.get(),
    note(silence) {
      const before = isStart(silence.cause) ? undefined : latest.get(silence.cause, silence.sensor);
      if (before?.toAt != null && Math.abs(silence.fromAt - before.toAt) < JOINED_MS) {
        goOn.run({ ...silence, id: before.id });
        return before.id;
      }
      const id = Number(insert.run(silence).lastInsertRowid);
      prune.run(id - SILENCES_KEPT);
      return id;
    },
    end: (id, untilSeq, at) => void end.run(untilSeq, at, id),
    endAll: (untilSeq, at) => void endAll.run(untilSeq, at),
    write: (work) => transaction.immediate(work),
  };
}
