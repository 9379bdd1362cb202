/** Readings that nobody measured: those of one round after another, and whole outages of them. */

import type { Reading } from '../../lib/flow/reading.ts';

/** `n` readings of a few series, 100 ms apart; `from` makes rounds differ. */
export function someReadings(n: number, from = 0): Reading[] {
  return Array.from({ length: n }, (_, i) => ({
    sensor: `sensor-${i % 3}`,
    metric: 'temperature',
    unit: 'celsius',
    at: 1_768_493_375_000 + (from + i) * 100,
    value: 20 + (from + i) / 8,
    flags: 0,
    monoMs: (from + i) * 100,
  }));
}

/** At the beginning of a minute, and of ten. */
const ROUNDS_START_AT = 1_768_493_400_000;

interface RoundsOptions {
  readonly sensors: number;
  readonly everyMs: number;
}

/** Whole rounds from number `from` on. Values as sensors give them: two decimals, and never twice the same for long. */
export function someRounds(count: number, from: number, { sensors, everyMs }: RoundsOptions): Reading[] {
  return Array.from({ length: count * sensors }, (_, i) => {
    const round = from + Math.floor(i / sensors);
    return {
      sensor: `sensor-${i % sensors}`,
      metric: 'temperature',
      unit: 'celsius',
      at: ROUNDS_START_AT + round * everyMs,
      value: Number((20 + 5 * Math.sin(round / 900) + ((round * 7 + i) % 41) / 100).toFixed(2)),
      flags: 0,
      monoMs: round * everyMs,
    };
  });
}
