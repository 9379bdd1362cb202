/**
 * Which readings are in their places and in no rollup yet: of each series those of one span of time, noted in the
 * transaction that puts them there. A backlog that drains is not kept waiting for its rollups that way: they follow
 * when it is through (`rollup-backfill.ts`). Until then whoever asks reads the readings of that span themselves, so
 * every answer is exact at every moment, and no reading is ever summed up twice or not at all.
 */

import type { SqliteDatabase } from '../../../base/sqlite.ts';

/** A span of time; its end is not part of it. */
export interface Unrolled {
  readonly fromAt: number;
  readonly untilAt: number;
}

export interface UnrolledSpans {
  /** As it is within one transaction. */
  begin(): UnrolledNow;
}

export interface UnrolledNow {
  /** Whether the reading of this moment is left out of rollups. */
  has(series: number, at: number): boolean;

  /**
   * Leaves readings out that are about to be put between these moments, both included. `false` if that cannot be told
   * by one span, because there are readings between it and them that have been summed up, or have left.
   */
  leave(series: number, fromAt: number, toAt: number): boolean;
}

export function createUnrolledSpans(database: SqliteDatabase): UnrolledSpans {
  const isAny = database.prepare<[], number>('SELECT 1 FROM unrolled LIMIT 1').pluck();
  const spanOf = database.prepare<[number], Unrolled>(
    'SELECT from_at AS fromAt, until_at AS untilAt FROM unrolled WHERE series = ?',
  );
  const isPlaced = database
    .prepare<number[], number>('SELECT 1 FROM readings WHERE series = ? AND at >= ? AND at < ? LIMIT 1')
    .pluck();
  const keptFrom = database.prepare<[], number>('SELECT raw_from_at FROM store').pluck();
  const note = database.prepare<number[]>(
    'INSERT OR REPLACE INTO unrolled (series, from_at, until_at) VALUES (?, ?, ?)',
  );

  return {
    begin() {
      const spans = new Map<number, Unrolled | undefined>();
      let none = isAny.get() === undefined;

      function of(series: number): Unrolled | undefined {
        if (none) return undefined;
        if (!spans.has(series)) spans.set(series, spanOf.get(series));
        return spans.get(series);
      }

      return {
        has(series, at) {
          const span = of(series);
          return span !== undefined && span.fromAt <= at && at < span.untilAt;
        },
        leave(series, fromAt, toAt) {
          const known = of(series);
          const wanted = {
            fromAt: Math.min(fromAt, known?.fromAt ?? fromAt),
            untilAt: Math.max(toAt + 1, known?.untilAt ?? 0),
          };
          // What is before and behind the span that is known; without one, all of it.
          const { fromAt: heldFrom, untilAt: heldUntil } = known ?? { fromAt: toAt + 1, untilAt: toAt + 1 };
          if (isPlaced.get(series, wanted.fromAt, heldFrom) !== undefined) return false;
          if (isPlaced.get(series, heldUntil, wanted.untilAt) !== undefined) return false;
          if (wanted.fromAt < (keptFrom.get() ?? 0)) return false;
          if (wanted.fromAt === known?.fromAt && wanted.untilAt === known.untilAt) return true;
          note.run(series, wanted.fromAt, wanted.untilAt);
          spans.set(series, wanted);
          none = false;
          return true;
        },
      };
    },
  };
}
