/**
 * A death in the middle of an outage, in the instant when rows of a full outbox have just been thinned, and
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

/** Half as much again as fits below the smallest bound that a configuration may ask for. */
const BACKLOG = 500_000;
const BOUND = '16MiB';
/** Each life has some forty thinnings before it, and ends at its first. */
const LIVES = 3;

const compiled = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
beforeAll(() => compileInto(compiled, ['test/crash/dying-program.ts']));
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

test('a death in the instant when rows have been thinned costs nothing, time after time', {
  timeout: 180_000,
}, async () => {
  // Nobody listens there: an outage.
  const gateway = await createGateway();
  prefillOutbox(gateway.dir, BACKLOG);
  let thinnedBefore = 0;

  for (let life = 1; life <= LIVES; life += 1) {
    const reader = startCommand(
      process.execPath,
      [join(compiled, 'test/crash/dying-program.js'), 'sensor-main'],
      {
        ...gateway.env,
        SENSORGW_OUTBOX_BYTES_MAX: BOUND,
        DIE_IN: 'reading.thinned',
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
    expect(thinned).toBeGreaterThan(thinnedBefore);
    expect(accepted).toBeGreaterThan(BACKLOG);
    thinnedBefore = thinned;
  }
});

function countIn(space: SeqRange, books: Iterable<readonly SeqRange[]>): number {
  let count = 0;
  for (const ranges of books) count += countOf(intersection(ranges, [space]));
  return count;
}
