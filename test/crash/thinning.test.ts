/**
 * A death in the middle of an outage, while rows of a full outbox are thinned or when they have just been, and
 * with the round that needed the room: either the rows are there or what stands for them is, never both and
 * never neither. The product says that it has thinned once that is committed, and before append has returned.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RAW } from '../../lib/flow/outbox/tiers.ts';
import { countOf, intersection, type SeqRange } from '../../lib/flow/seq-ranges.ts';
import { startCommand } from '../support/child-program.ts';
import { compileInto } from '../support/compile.js';
import { createGateway } from '../support/gateway.ts';
import { prefillOutbox } from '../support/prefilled-outbox.ts';
import { audit } from './audit.ts';
import { outboxBooks, storeBooks } from './books.ts';

/** A little more than fits below the smallest bound that a configuration may ask for. */
const BACKLOG = 380_000;
const BOUND = '16MiB';
/**
 * Each life ends at its first thinning: when that is done, or in the middle of its
 * transaction, when the ledger has been written and what stands for the rows has not.
 */
const LIVES = [
  { done: true, orders: { DIE_IN: 'reading.thinned' } },
  { done: false, orders: { DIE_WITHIN: 'outbox/thinning.js' } },
  { done: true, orders: { DIE_IN: 'reading.thinned' } },
];

const compiled = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
beforeAll(() => compileInto(compiled, ['test/crash/dying-program.ts']));
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

test('a death while rows are thinned, or in the instant when they have been, costs nothing, time after time', {
  timeout: 300_000,
}, async () => {
  // Nobody listens there: an outage.
  const gateway = await createGateway();
  prefillOutbox(gateway.dir, BACKLOG);
  let thinnedBefore = 0;

  for (const { done, orders } of LIVES) {
    const reader = startCommand(
      process.execPath,
      [join(compiled, 'test/crash/dying-program.js'), 'sensor-main'],
      {
        ...gateway.env,
        SENSORGW_OUTBOX_BYTES_MAX: BOUND,
        ...orders,
        DIE_AT: '1',
      },
    );
    const { signal } = await reader.exited;

    const outbox = outboxBooks(gateway.dir);
    const { problems, accepted } = audit({
      accepted: new Map(),
      seen: new Map(),
      outbox,
      store: storeBooks(gateway.dir),
    });
    const thinned = countIn(RAW.space, outbox.gone.values());
    expect({ signal, problems }, reader.lastWords()).toEqual({ signal: 'SIGKILL', problems: [] });
    expect(outbox.stoodFor).toBe(thinned);
    if (done) expect(thinned).toBeGreaterThan(thinnedBefore);
    else expect(thinned).toBe(thinnedBefore);
    expect(accepted).toBeGreaterThan(BACKLOG);
    thinnedBefore = thinned;
  }
});

function countIn(space: SeqRange, books: Iterable<readonly SeqRange[]>): number {
  let count = 0;
  for (const ranges of books) count += countOf(intersection(ranges, [space]));
  return count;
}
