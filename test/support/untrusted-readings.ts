/** Readings of a clock that nobody vouched for, and what becomes of them in an outbox. */

import { BatchRequest } from '../../lib/flow/batch.ts';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { FLAG, type Reading } from '../../lib/flow/reading.ts';
import { ALL, someReadings } from './temp-outbox.ts';

/** What the clock said of the first monotonic moment, and what it should have said. */
export const WRONG_MS = 12_000;
export const RIGHT_MS = 1_768_493_375_000;

/** Readings of a clock that nobody vouched for, one a second from `fromMono` on. */
export function untrustedReadings(n: number, fromMono = 0, offsetMs = WRONG_MS): Reading[] {
  return someReadings(n).map((reading, i) => {
    const monoMs = fromMono + i * 1_000;
    return { ...reading, monoMs, at: monoMs + offsetMs, flags: FLAG.clockUntrusted };
  });
}

/** What a destination would be sent next, as `seq: at flags`. */
export function sent(outbox: Outbox, destination = 'local'): string[] {
  const batch = outbox.batch(destination, ALL);
  if (batch === undefined) return [];
  return BatchRequest.parse(JSON.parse(batch.body)).readings.map(
    ([seq, , at, , flags = 0]) => `${seq}: ${at} ${flags}`,
  );
}

/** Gives everything that can be mended its true time. */
export function restampAll(outbox: Outbox): number {
  let rows = 0;
  for (;;) {
    const some = outbox.clock.restamp();
    if (some === undefined) return rows;
    rows += some;
  }
}
