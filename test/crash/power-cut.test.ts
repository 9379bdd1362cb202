/**
 * The power goes while the outbox is written to, again and again on the same card. Whatever `append` had
 * acknowledged by then is there when the power is back. The twin with synchronous=NORMAL, which is what
 * better-sqlite3 sets by itself, loses rows: so the cut is a real one.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { createCard, whyNoCard } from './card.ts';
import { addFindings, type CutFindings, noFindings } from './cut-findings.ts';
import type { WriterOrders } from './outbox-writer.ts';
import { CUTS, SEED } from './settings.ts';

/** The first second of a writer: many commits, and more than one checkpoint. */
const WRITING_MS = 600;
/** NORMAL loses by chance, if nearly always: enough cuts that it cannot be lucky. */
const CUTS_OF_TWIN = 5;

const reason = whyNoCard();

test('a power cut loses nothing that was acknowledged, cut after cut on the same card', {
  timeout: 60_000 + CUTS * 10_000,
}, async (context) => {
  if (reason !== undefined) context.skip(reason);

  const { accepted, lost, wrong, reassigned, damaged } = await cutPower('FULL', CUTS);

  expect({ lost, wrong, reassigned, damaged }).toEqual({ lost: [], wrong: [], reassigned: [], damaged: [] });
  expect(accepted).toBeGreaterThan(CUTS);
  console.log(`${CUTS} power cuts, ${accepted} readings acknowledged, none lost (seed ${SEED})`);
});

test('twin: with synchronous=NORMAL the same cuts lose readings that were acknowledged', {
  timeout: 60_000 + CUTS_OF_TWIN * 10_000,
}, async (context) => {
  if (reason !== undefined) context.skip(reason);

  const { accepted, lost } = await cutPower('NORMAL', CUTS_OF_TWIN);

  expect(lost.length).toBeGreaterThan(0);
  console.log(`twin: ${lost.length} of ${CUTS_OF_TWIN} cuts lost readings, of ${accepted} acknowledged`);
});

async function cutPower(synchronous: WriterOrders['synchronous'], cuts: number): Promise<CutFindings> {
  const random = createSeededRandom(SEED);
  const compiled = compileForChild('test/crash/outbox-writer.ts');
  const writer = join(compiled, 'test/crash/outbox-writer.js');
  const card = createCard();
  const file = join(card.dir, 'outbox.db');
  const notes = join(compiled, 'notes');
  const found = noFindings();

  for (let cut = 1; cut <= cuts; cut += 1) {
    const orders: WriterOrders = { file, notes, rows: 1 + Math.floor(random.fraction() * 60), synchronous };
    const child = startCommand(process.execPath, [writer, JSON.stringify(orders)]);
    await child.line(({ text }) => text === 'appending');
    await sleep(random.fraction() * WRITING_MS);
    await card.cutPower(child);

    addFindings(found, cut, file, notes);
  }
  return found;
}
