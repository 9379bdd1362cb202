/** From what was read of an outbox file to what a forecast is made of. */

import { HIGH_SHARE } from './bounds.ts';
import { type OutboxPace, rateOf } from './forecast.ts';
import type { OutboxMeasures, OutboxStats } from './outbox-view.ts';

export interface PaceInputs {
  readonly stats: OutboxStats;
  readonly measures: OutboxMeasures;
  /** As configured. */
  readonly bounds: { readonly bytesMax: number; readonly diskReserve: number };
  readonly diskFreeBytes: number;
  /** For an outbox with too few rows to measure: what a round brings, and how often there is one. */
  readonly usual: { readonly readingsPerRound: number; readonly intervalMs: number };
  /** Of the destination that is furthest behind. */
  readonly drainRowsPerSecond: (destination: string) => number | undefined;
}

export function paceOf(inputs: PaceInputs): OutboxPace {
  const { stats, measures, bounds, diskFreeBytes, usual } = inputs;
  const furthest = stats.destinations.toSorted((a, b) => b.rows - a.rows)[0];
  const onDisk = measures.fileBytes - measures.bytesUsed + diskFreeBytes - bounds.diskReserve;
  const newestAt = measures.newest.at(-1)?.at ?? 0;
  return {
    rows: stats.rows - stats.thinnedRows,
    thinnedRows: stats.thinnedRows,
    bytesUsed: measures.bytesUsed,
    bytesFree: Math.min(onDisk, bounds.bytesMax * HIGH_SHARE - measures.bytesUsed),
    rowsPerSecond: rateOf(measures.newest) ?? (usual.readingsPerRound * 1_000) / usual.intervalMs,
    series: new Set(measures.newest.map((row) => row.series)).size || usual.readingsPerRound,
    backlogRows: furthest?.rows ?? 0,
    backlogSpanMs: newestAt - (furthest?.oldestAt ?? newestAt),
    drainRowsPerSecond: furthest === undefined ? undefined : inputs.drainRowsPerSecond(furthest.destination),
  };
}
