/**
 * Times without readings, and why: what no seq is missing for. Each lies between two seqs of this file. Bounded,
 * and written only when one begins or ends. Who notes them is `acquire/silence-watch.ts`.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { SilenceCause } from '../flow-event.ts';

/** After `afterSeq`, and not beyond `untilSeq`. */
export interface Silence {
  readonly cause: SilenceCause;
  /** `null`: of all sensors. */
  readonly sensor: string | null;
  readonly afterSeq: number;
  /** `null`: it goes on. */
  readonly untilSeq: number | null;
  readonly fromAt: number;
  readonly toAt: number | null;
  /** In words; of a start, its boot. */
  readonly detail: string;
}

/** How often a sensor is read, by which source. */
export interface KnownSensor {
  readonly sensor: string;
  readonly source: string;
  readonly intervalMs: number;
}

export interface Silences {
  lastSeq(): number;
  sensors(): KnownSensor[];
  keepSensor(sensor: KnownSensor): void;
  lastStart(): string | undefined;
  note(silence: Silence): number;
  end(id: number, untilSeq: number, at: number): void;
  endAll(untilSeq: number, at: number): void;
  write(work: () => void): void;
}

/** Years of a sensor with a loose contact; 1 MiB. */
const SILENCES_KEPT = 10_000;
/** What comes back so soon is one trouble: a sensor that fails every minute has a line for each time it rested. */
const JOINED_MS = 600_000;

export function openSilences(database: SqliteDatabase, lastSeq: () => number): Silences {
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
      const before = isStart(silence) ? undefined : latest.get(silence.cause, silence.sensor);
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

/** Each start says which boot it was in, for the next one. */
function isStart({ cause }: Silence): boolean {
  return cause === 'power_off' || cause === 'reader_stopped';
}
