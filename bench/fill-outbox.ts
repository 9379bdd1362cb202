/** An outbox in which so many readings wait, made as fast as a disk takes them: what is measured comes after. */

import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { type Outbox, openOutbox } from '../lib/flow/outbox/outbox.ts';
import type { Reading } from '../lib/flow/reading.ts';

/** In one commit: as fast as it goes, and still not the memory of a small machine. */
const ROWS_AT_ONCE = 20_000;

/** Returns the stream of the readings. */
export function fillOutbox(file: string, rows: number): string {
  const outbox = openBenchOutbox(file, 'NORMAL');
  for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
    outbox.append(readings(Math.min(ROWS_AT_ONCE, rows - row), row));
  }
  outbox.close();
  return outbox.stream;
}

export function openBenchOutbox(file: string, synchronous: 'FULL' | 'NORMAL'): Outbox {
  return openOutbox({
    file,
    gateway: 'bench',
    destinations: ['local'],
    world: { clock: systemClock, random: systemRandom, observe: () => {} },
    bootId: 'bench',
    synchronous,
  });
}

/** One each two seconds, of five sensors in turn. */
export function readings(n: number, from: number): Reading[] {
  return Array.from({ length: n }, (_, i) => ({
    sensor: `sensor-${(from + i) % 5}`,
    metric: 'temperature',
    unit: 'celsius',
    at: 1_768_493_375_000 + (from + i) * 2_000,
    value: 20 + ((from + i) % 1_000) / 100,
    flags: 0,
    monoMs: (from + i) * 2_000,
  }));
}
