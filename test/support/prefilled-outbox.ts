/** An outbox with a backlog, as an outage leaves it behind, made before the reader that must drain it starts. */

import { join } from 'node:path';
import { systemClock } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { someReadings } from './temp-outbox.ts';

const ROWS_AT_ONCE = 5_000;

export function prefillOutbox(dir: string, rows: number): void {
  const outbox = openOutbox({
    file: join(dir, 'outbox.db'),
    gateway: 'test-gateway',
    destinations: ['local'],
    world: { clock: systemClock, random: systemRandom, observe: () => {} },
    bootId: 'before',
  });
  for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
    outbox.append(someReadings(Math.min(ROWS_AT_ONCE, rows - from), from));
  }
  outbox.close();
}
