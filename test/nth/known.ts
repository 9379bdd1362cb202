/** What had been accepted before a scenario begins, and what each of these readings was. */

import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { remember } from '../crash/audit.ts';
import { type ByStream, outboxBooks, storeBooks } from '../crash/books.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

export interface Known {
  readonly accepted: ByStream;
  /** Name of a reading -> its content. */
  readonly seen: ReadonlyMap<string, string>;
  /** How many were made to fill the files: each must be in the store in the end, as itself or within a mean. */
  readonly counted: number;
}

/** Whether a sensor is one of `someRounds`, and neither a simulated one nor one of a fixture. */
export const isFilled = (sensor: string): boolean => /^sensor-\d$/.test(sensor);

/** Reads a copy of the files in `dir`, which is brought to the schema of today for it. */
export function knownIn(dir: string, scratch: string): Known {
  const seen = new Map<string, string>();
  if (!existsSync(join(dir, 'outbox.db'))) return { accepted: new Map(), seen, counted: 0 };
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch);
  cpSync(dir, scratch, { recursive: true });
  openOutbox({
    file: join(scratch, 'outbox.db'),
    gateway: 'test-gateway',
    destinations: ['local'],
    world: { clock: createVirtualClock(), random: createSeededRandom(0), observe: () => {} },
    bootId: 'boot-before',
  }).close();
  const { rows, assigned } = outboxBooks(scratch);
  remember(seen, rows);
  const filled = [...rows, ...storeBooks(scratch).rows].filter(({ content }) =>
    isFilled(content.split(' ')[0] ?? ''),
  );
  const counted = new Set(filled.map(({ stream, seq }) => `${stream} ${seq}`)).size;
  return { accepted: assigned, seen, counted };
}
