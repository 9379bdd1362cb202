/** A backlog drains beside fresh rounds, never before them, with the built programs. */

import { expect, test } from 'vitest';
import type { Line } from '../support/child-program.ts';
import { batchesBeforeFresh } from '../support/delivery-log.ts';
import { createFaultSite } from '../support/fault-site.ts';
import { isAppended, isEvent, seqsOf, upTo } from '../support/gateway.ts';
import { prefillOutbox } from '../support/prefilled-outbox.ts';

const isBackfilled = (line: Line) => line.event === 'batch.delivered' && line.lane === 'backfill';

test('while 100,000 readings drain, no fresh round waits for more than the batch on its way', async (context) => {
  const site = await createFaultSite(context);
  prefillOutbox(site.gateway.dir, 100_000);
  // At full speed it is over within a second, before any round.
  const pace = { SENSORGW_DRAIN_SHARE: '0.1' };
  const reader = await site.startReader({ SENSORGW_DELIVERY_BATCH_TIMEOUT: '10s', ...pace });

  await reader.line(isEvent('backlog.drained'));
  const drained = reader.lines.slice(0, reader.lines.findIndex(isEvent('backlog.drained')));
  const { accepted } = await site.gateway.finish(reader);

  expect(
    drained.filter(isBackfilled).reduce((sum, line) => sum + Number(line.rows), 0),
  ).toBeGreaterThanOrEqual(100_000);
  const before = batchesBeforeFresh(drained);
  expect(before.length).toBeGreaterThanOrEqual(1);
  // The one that was on its way when the round came.
  expect(Math.max(...before)).toBeLessThanOrEqual(1);
  expect(seqsOf(await site.gateway.stored())).toEqual(upTo(accepted));
});

test('a batch of backlog that takes longer than a round does not hold it up', async (context) => {
  const site = await createFaultSite(context);
  prefillOutbox(site.gateway.dir, 2_000);
  // Longer than the gap between two rounds, so that one is always on its way when a round arrives, and
  // within the target of 2 s, so that batches keep growing.
  const tookMs = 1_800;
  site.answer(async (batch, real) => {
    if (batch.readings.length >= 100) await new Promise((resolve) => setTimeout(resolve, tookMs));
    return real();
  });
  const reader = await site.startReader({ SENSORGW_DELIVERY_BATCH_TIMEOUT: '10s' });

  await reader.line(isEvent('backlog.drained'));
  const drained = reader.lines.slice(0, reader.lines.findIndex(isEvent('backlog.drained')));
  const { accepted } = await site.gateway.finish(reader);

  const slow = drained.filter((line) => isBackfilled(line) && Number(line.durationMs) >= tookMs);
  expect(slow.length).toBeGreaterThanOrEqual(4);
  expect(drained.filter(isAppended).length).toBeGreaterThanOrEqual(4);
  expect(Math.max(...batchesBeforeFresh(drained))).toBeLessThanOrEqual(1);
  expect(seqsOf(await site.gateway.stored())).toEqual(upTo(accepted));
});
