/**
 * Appends to a real outbox as fast as it can, for a parent that ends it in the middle. What `append` has
 * acknowledged is noted in a file that the crash does not reach. Now and then the oldest rows are
 * acknowledged, so that deleting, shrinking and checkpoints are under way, too.
 *
 *   node outbox-writer.js '{"file": ..., "notes": ..., "rows": 50, "synchronous": "FULL"}'
 */

import { openSync, writeSync } from 'node:fs';
import { systemClock } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../../lib/flow/reading.ts';
import { numberedReading } from './numbered-readings.ts';

export interface WriterOrders {
  readonly file: string;
  readonly notes: string;
  /** In each round. */
  readonly rows: number;
  readonly synchronous: 'FULL' | 'NORMAL';
}

/** Rounds between two acknowledgements, which take at most half of what came in: the file must grow, too. */
const ROUNDS_KEPT = 40;

const { file, notes, rows, synchronous }: WriterOrders = JSON.parse(process.argv[2] ?? '{}');
const notebook = openSync(notes, 'a');
/** One write, so that a line is whole or missing. `+`: accepted; `-`: may leave. */
const note = (sign: '+' | '-', lo: number, hi: number) => writeSync(notebook, `${sign} ${lo} ${hi}\n`);

const outbox = openOutbox({
  file,
  gateway: 'test-gateway',
  destinations: ['local'],
  world: { clock: systemClock, random: systemRandom, observe: () => {} },
  bootId: 'boot',
  synchronous,
});
let next = outbox.append([]).lo;

for (let round = 1; ; round += 1) {
  const { lo, hi } = outbox.append(Array.from({ length: rows }, (_, i) => numberedReading(next + i)));
  note('+', lo, hi);
  next = hi + 1;
  if (round === 1) console.log('appending');
  if (round % ROUNDS_KEPT > 0) continue;
  const batch = outbox.batch('local', {
    order: 'oldest',
    rowsMax: Math.min(BATCH_ROWS_MAX, (rows * ROUNDS_KEPT) / 2),
    bytesMax: BATCH_BYTES_MAX,
  });
  if (batch === undefined) continue;
  for (const range of batch.seqs) note('-', ...range);
  outbox.acknowledge('local', batch.stream, batch.seqs);
}
