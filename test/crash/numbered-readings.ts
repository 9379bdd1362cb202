/** Readings that follow from their seq alone, so that whoever finds a row knows what it must say. */

import type { Reading } from '../../lib/flow/reading.ts';

export function numberedReading(seq: number): Reading {
  return {
    sensor: `sensor-${seq % 5}`,
    metric: 'temperature',
    unit: 'celsius',
    at: 1_768_493_375_000 + seq * 100,
    value: 20 + seq / 8,
    flags: 0,
    monoMs: seq * 100,
  };
}
