/**
 * Deaths while a damaged outbox is replaced and its rows are saved: in the instant when the file has been
 * moved away, in the middle of transactions that save rows, then at random in the saving, which goes on for seconds. In the end every
 * row is in the outbox once, with its value, or is named in the ledger.
 */

import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { compileInto } from '../support/compile.js';
import { createGateway, isEvent } from '../support/gateway.ts';
import { prefillOutbox } from '../support/prefilled-outbox.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { audit, remember } from './audit.ts';
import { outboxBooks, outboxSince, storeBooks } from './books.ts';
import { SEED } from './settings.ts';

const ROWS = 30_000;
/** Instants that can be named, each the end of a life. */
const NAMED = [
  { DIE_IN: 'outbox.quarantined', DIE_AT: '1' },
  { DIE_IN: 'outbox.opened', DIE_AT: '1' },
  // In the transaction that saves the first rows, when they are written and not yet committed; and in a later one.
  { DIE_WITHIN: 'outbox/salvage.js', DIE_AT: '2' },
  { DIE_WITHIN: 'outbox/salvage.js', DIE_AT: '12' },
];
const RANDOM_DEATHS = 2;
const SALVAGING_MS = 1_500;

const compiled = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
beforeAll(() => compileInto(compiled, ['test/crash/dying-program.ts']));
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

test('deaths while a damaged outbox is replaced and salvaged lose no row and double none', {
  timeout: 240_000,
}, async () => {
  const random = createSeededRandom(SEED);
  // Nobody listens there, so that whatever is saved stays where it can be counted.
  const gateway = await createGateway();
  const start = (orders: Readonly<Record<string, string>> = {}) =>
    startCommand(process.execPath, [join(compiled, 'test/crash/dying-program.js'), 'sensor-main'], {
      ...gateway.env,
      ...orders,
    });
  prefillOutbox(gateway.dir, ROWS);
  const seen = new Map<string, string>();
  const before = outboxSince(gateway.dir, 1);
  remember(seen, before.rows);
  damage(join(gateway.dir, 'outbox.db'));

  for (const orders of NAMED) {
    const reader = start(orders);
    expect((await reader.exited).signal, reader.lastWords()).toBe('SIGKILL');
  }
  for (let death = 1; death <= RANDOM_DEATHS; death += 1) {
    const reader = start();
    await reader.line(isEvent('outbox.opened'));
    await sleep(random.fraction() * SALVAGING_MS);
    reader.kill('SIGKILL');
    await reader.exited;
  }
  const reader = start();
  await reader.line(isEvent('outbox.salvaged'));
  reader.kill('SIGKILL');
  await reader.exited;

  const outbox = outboxBooks(gateway.dir);
  const { problems, gone } = audit({
    accepted: before.assigned,
    seen,
    outbox,
    store: storeBooks(gateway.dir),
  });
  const saved = outbox.rows.filter(({ stream }) => before.assigned.has(stream)).length;
  expect(problems, `seed ${SEED}`).toEqual([]);
  expect(saved + gone).toBe(ROWS);
  // Only the first page was damaged, and it holds no row.
  expect(saved).toBe(ROWS);
});

/** The first page is what a failing card overwrites most, because everything changes it. */
function damage(file: string): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(512, 0xa5), 0, 512, 0);
  closeSync(handle);
}
