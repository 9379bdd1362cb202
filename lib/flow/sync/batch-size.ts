/**
 * How much a destination can take at a time, found by trying: a little more after each batch that was
 * stored in good time, half after each that was late, refused as too large, or answered with "not now"
 * (additive increase, multiplicative decrease, as TCP does). Pure: a size is a value.
 */

import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../reading.ts';

export interface BatchSize {
  readonly rows: number;
  readonly bytes: number;
}

export const BATCH_SIZE_MAX: BatchSize = { rows: BATCH_ROWS_MAX, bytes: BATCH_BYTES_MAX };
/** One reading must always fit: 16 KiB is sixteen times the largest that the wire allows. */
export const BATCH_SIZE_MIN: BatchSize = { rows: 1, bytes: 16_384 };
/** Modest, because the first batch after an outage meets an API that has just come back. */
export const BATCH_SIZE_START: BatchSize = { rows: 200, bytes: 262_144 };
/** From the smallest to the largest batch in ten good answers. */
const GROWTH: BatchSize = { rows: 400, bytes: 131_072 };

/** After a batch stored within the latency target. A batch that did not fill the size has proved nothing. */
export function grown(size: BatchSize, sent: BatchSize): BatchSize {
  if (sent.rows < size.rows && sent.bytes < size.bytes / 2) return size;
  return bounded({ rows: size.rows + GROWTH.rows, bytes: size.bytes + GROWTH.bytes });
}

/** After a batch that was too much. Halves what was sent rather than what was allowed, or it would be sent again. */
export function halved(size: BatchSize, sent: BatchSize): BatchSize {
  return bounded({
    rows: Math.floor(Math.min(size.rows, sent.rows) / 2),
    bytes: Math.floor(Math.min(size.bytes, Math.max(sent.bytes, BATCH_SIZE_MIN.bytes)) / 2),
  });
}

function bounded(size: BatchSize): BatchSize {
  return {
    rows: Math.min(BATCH_SIZE_MAX.rows, Math.max(BATCH_SIZE_MIN.rows, size.rows)),
    bytes: Math.min(BATCH_SIZE_MAX.bytes, Math.max(BATCH_SIZE_MIN.bytes, size.bytes)),
  };
}
