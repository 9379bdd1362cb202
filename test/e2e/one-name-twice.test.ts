/** A card is copied into a second machine, or a name is given twice: two readers deliver as one gateway to one collector. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createGateway, isEvent, seqsOf, upTo } from '../support/gateway.ts';

test('two machines of one name are noticed by the collector, and every reading of both is stored', async () => {
  const collector = await createGateway();
  const other = await createGateway({ deliverTo: collector.port });
  const api = await collector.startApi();
  const readers = [await collector.startReader(), await other.startReader()] as const;

  const said = await api.line(isEvent('gateway.doubled'));
  const health = () => readFileSync(join(collector.runDir, 'sensor-api-write.health.json'), 'utf8');
  await expect.poll(health, { timeout: 20_000 }).toContain('"doubled":[{"gateway":"test-gateway"');
  const ledgers = [await collector.finish(readers[0]), await other.finish(readers[1])];

  expect(said.msg).toContain('two machines deliver as test-gateway');
  const stored = await collector.stored();
  const firstStreams = readers.map(({ lines }) => lines.find(isEvent('outbox.opened'))?.stream);
  for (const stream of firstStreams) {
    const seqs = seqsOf(stored.filter((one) => one.stream === stream));
    expect(seqs).toEqual(upTo(seqs.length));
  }
  expect(stored).toHaveLength(ledgers.reduce((sum, { accepted }) => sum + accepted, 0));
});
