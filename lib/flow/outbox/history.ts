/**
 * What a quarantined file tells people of its time: silences, the sensors that there were, and what its breakers
 * did. Written into the present file as older than everything there, so that nothing that goes on is joined with
 * it, and bounded as before: the oldest leave first.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { KnownSensor, Silence } from '../silence.ts';
import { TRANSITIONS_KEPT } from './outage.ts';
import type { BreakerTransition } from './outbox.ts';
import { SILENCES_KEPT } from './silences.ts';
import { SEQS_PER_FILE } from './tiers.ts';

export interface History {
  /** The latest first. */
  readonly silences: readonly Silence[];
  readonly sensors: readonly KnownSensor[];
  /** The latest first. */
  readonly transitions: readonly BreakerTransition[];
}

/** Writes what is not there yet: safe to repeat. Inside a transaction. */
export function prepareRestoreHistory(database: SqliteDatabase): (history: History, now: number) => void {
  const putSilence = database.prepare<Silence>(`
    INSERT INTO silences (id, cause, sensor, after_seq, until_seq, from_at, to_at, detail)
    SELECT (SELECT coalesce(min(id), 1) - 1 FROM silences),
      @cause, @sensor, @afterSeq, @untilSeq, @fromAt, @toAt, @detail
    WHERE NOT EXISTS (SELECT 1 FROM silences
      WHERE cause = @cause AND sensor IS @sensor AND after_seq = @afterSeq AND from_at = @fromAt)`);
  // What the present file knows of a sensor is newer.
  const putSensor = database.prepare<KnownSensor>(
    'INSERT INTO sensors (sensor, source, interval_ms) VALUES (@sensor, @source, @intervalMs) ON CONFLICT DO NOTHING',
  );
  // The last one of the old file has been carried over with the state that it led to.
  const putTransition = database.prepare<BreakerTransition>(`
    INSERT INTO breaker_transitions (id, destination, from_state, to_state, at, reason, step)
    SELECT (SELECT coalesce(min(id), 1) - 1 FROM breaker_transitions),
      @destination, @from, @to, @at, @reason, @step
    WHERE NOT EXISTS (SELECT 1 FROM breaker_transitions
      WHERE destination = @destination AND to_state = @to AND at = @at)`);

  // Those that do not fit are among what was just put: the oldest have the least numbers.
  const prune = [
    ['silences', SILENCES_KEPT],
    ['breaker_transitions', TRANSITIONS_KEPT],
  ].map(([table, kept]) =>
    database.prepare(`DELETE FROM ${table} WHERE id <= (SELECT max(id) FROM ${table}) - ${kept}`),
  );

  return ({ silences, sensors, transitions }, now) => {
    for (const silence of silences) putSilence.run(ended(silence, now));
    for (const sensor of sensors) putSensor.run(sensor);
    for (const transition of transitions) putTransition.run(transition);
    for (const one of prune) one.run();
  };
}

/** What still went on when the file was lost ends where its seqs end: what followed has been noted anew. */
function ended(silence: Silence, now: number): Silence {
  if (silence.untilSeq !== null) return silence;
  const untilSeq = (Math.floor(silence.afterSeq / SEQS_PER_FILE) + 1) * SEQS_PER_FILE;
  return { ...silence, untilSeq, toAt: now };
}
