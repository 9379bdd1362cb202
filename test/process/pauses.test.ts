/**
 * Both programs stand still again and again, as on a machine that swaps: each pause is longer than a round and shorter
 * than the watchdog allows.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createGateway, isAppended, isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';

const PAUSES = 3;
/** Between rounds of a second. */
const PAUSE_MS = 2_500;

test('programs that stand still again and again are late, say so, and lose nothing', async () => {
  const gateway = await createGateway();
  const api = await gateway.startApi();
  const reader = await gateway.startReader();
  await reader.count(isStored, 2);

  for (let i = 0; i < PAUSES; i += 1) {
    const rounds = reader.lines.filter(isAppended).length;
    for (const program of [reader, api]) program.kill('SIGSTOP');
    await pause(PAUSE_MS);
    for (const program of [api, reader]) program.kill('SIGCONT');
    await reader.count(isAppended, rounds + 2);
  }
  const { accepted } = await gateway.finish(reader);

  // Said once; later ones are counted in the line of the hour.
  expect(reader.lines.filter(isEvent('round.skipped'))).toHaveLength(1);
  expect(reader.lines.filter((line) => /withheld/.test(String(line.msg)))).toEqual([]);
  expect(reader.lines.filter(isEvent('breaker.opened'))).toEqual([]);
  expect(seqsOf(await gateway.stored())).toEqual(upTo(accepted));
});
