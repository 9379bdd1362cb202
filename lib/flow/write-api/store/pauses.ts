/**
 * Times in which a store has no readings of a sensor: any distance between two of them that is larger than it
 * should be. A thinned reading covers the time that it stands for, under the seqs it was accepted with.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';
import { FLAG } from '../../reading.ts';

/** A reading at the edge of a pause, by the identity that it was accepted with. */
export interface Edge {
  readonly at: number;
  readonly stream: string;
  readonly seq: number;
}

export interface Pause {
  readonly after: Edge;
  /** `undefined`: none has come since. */
  readonly before: Edge | undefined;
}

export interface PauseQuery {
  readonly gateway: string;
  readonly sensor: string;
  readonly sinceAt: number;
  /** Two readings may be so far apart. */
  readonly limitMs: number;
}

interface Row {
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly flags: number;
}

interface Span {
  readonly spanMs: number;
  readonly source: number;
  readonly lo: number;
  readonly hi: number;
}

export type PausesOf = (query: PauseQuery) => Pause[];

/** The oldest first, the last one still open; reads every reading of the sensor since then, one at a time. */
export function preparePauses(database: SqliteDatabase): PausesOf {
  const seriesOf = database
    .prepare<[string, string], number>('SELECT id FROM series WHERE gateway = ? AND sensor = ?')
    .pluck();
  const lastBefore = database
    .prepare<{ id: number; sinceAt: number }, number | null>(
      // Of both together SQLite would look at every row.
      `SELECT max(at) FROM (
         SELECT max(at) AS at FROM readings WHERE series = :id AND at < :sinceAt
         UNION ALL SELECT max(at) FROM recent_readings WHERE series = :id AND at < :sinceAt)`,
    )
    .pluck();
  const spanOf = database.prepare<[number, number], Span>(
    'SELECT span_ms AS spanMs, source, lo, hi FROM thinned WHERE stream = ? AND seq = ?',
  );
  const nameOf = database.prepare<[number], string>('SELECT stream FROM streams WHERE id = ?').pluck();

  const edge = (at: number, stream: number, seq: number): Edge => ({
    at,
    stream: nameOf.get(stream) ?? '',
    seq,
  });

  return ({ gateway, sensor, sinceAt, limitMs }) => {
    const series = seriesOf.all(gateway, sensor);
    if (series.length === 0) return [];
    const before = series.map((id) => lastBefore.get({ id, sinceAt }) ?? Number.NEGATIVE_INFINITY);
    // The one before tells of a pause that began earlier and reaches into the time asked for.
    const fromAt = Math.max(...before);
    const rows = database.prepare<number[], Row>(
      `SELECT at, stream, seq, flags FROM all_readings
       WHERE series IN (${series.map(() => '?').join(', ')}) AND at >= ? ORDER BY at`,
    );
    const pauses: Pause[] = [];
    let covered: { at: number; stream: number; seq: number } | undefined;
    for (const { at, stream, seq, flags } of rows.iterate(...series, Number.isFinite(fromAt) ? fromAt : 0)) {
      const span = (flags & FLAG.thinned) === 0 ? undefined : spanOf.get(stream, seq);
      if (covered !== undefined && at - covered.at > limitMs) {
        pauses.push({
          after: edge(covered.at, covered.stream, covered.seq),
          before: edge(at, span?.source ?? stream, span?.lo ?? seq),
        });
      }
      const endAt = at + (span?.spanMs ?? 0);
      if (covered === undefined || endAt >= covered.at) {
        covered = { at: endAt, stream: span?.source ?? stream, seq: span?.hi ?? seq };
      }
    }
    if (covered !== undefined) {
      pauses.push({ after: edge(covered.at, covered.stream, covered.seq), before: undefined });
    }
    return pauses;
  };
}
