/**
 * Goal: an outage beyond the bound of the outbox costs resolution and no coverage. Method: an outbox of half a MiB
 * is given fifteen hours of readings while nobody takes any, but for one batch whose reply was lost, and one that was
 * given up and is on its way still; then the built programs drain it into a real store, and that one arrives at last.
 */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';
import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { readOutboxLedger } from '../../lib/flow/outbox/ledger-view.ts';
import { type OutgoingBatch, openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { StreamAnswer } from '../../lib/flow/reading.ts';
import { countOf, difference, normalized, type SeqRange } from '../../lib/flow/seq-ranges.ts';
import { createGateway, type Gateway } from '../support/gateway.ts';
import { someRounds } from '../support/some-readings.ts';
import { ALL } from '../support/temp-outbox.ts';

const SENSORS = 5;
const ROUNDS = 5_400;
const ROUND_MS = 10_000;
const TEN_MINUTES_MS = 600_000;
/** Readings that were stored, and nobody was told so: in the middle of a minute. */
const LOST = 77;

test('after an outage beyond the bound the store has every ten minutes, every reading once, and no gap without a name', {
  timeout: 120_000,
}, async (context) => {
  const gateway = await createGateway({ onTestFinished: context.onTestFinished });
  await gateway.startApi();

  const { tiers, late } = await outage(gateway);
  const reader = await gateway.startReader();
  await reader.line((line) => line.event === 'backlog.drained');
  await gateway.finish(reader);
  const answer = await post(gateway, late.body);

  // Behind what stands for it: nothing of it is new.
  expect(answer).toMatchObject({ stored: [], duplicate: late.seqs, refused: [] });
  expect(tiers).toEqual(new Set(['minute', 'ten_minutes']));
  const ours = (await gateway.stored()).filter(({ sensor }) => /^sensor-\d$/.test(sensor));
  expect(ours.some(({ thinned }) => thinned === undefined)).toBe(true);
  for (let sensor = 0; sensor < SENSORS; sensor += 1) {
    const rows = ours.filter((one) => one.sensor === `sensor-${sensor}`);
    expect(rows.reduce((sum, { thinned }) => sum + (thinned?.count ?? 1), 0)).toBe(ROUNDS);
    const covered = new Set(rows.map(({ at }) => Math.floor(at / TEN_MINUTES_MS)));
    expect(covered.size).toBe((ROUNDS * ROUND_MS) / TEN_MINUTES_MS);
  }
  expect(await unexplained(gateway)).toEqual([]);
});

async function post({ port }: Gateway, body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/batches`, { method: 'POST', headers, body });
  return answer.json();
}

/** Fills the outbox beyond its bound. Returns the tiers that it was thinned to, and a request that has not arrived. */
async function outage(gateway: Gateway) {
  const { dir } = gateway;
  const tiers = new Set<string>();
  let late: OutgoingBatch | undefined;
  const outbox = openOutbox({
    file: join(dir, 'outbox.db'),
    gateway: 'test-gateway',
    destinations: ['local'],
    world: {
      clock: systemClock,
      random: systemRandom,
      observe: (event: FlowEvent) => {
        if (event.type === 'reading.thinned') tiers.add(event.tier);
      },
    },
    bootId: 'before',
    bounds: { bytesMax: 512 * 1_024, diskReserveBytes: 0 },
  });
  for (let round = 0; round < ROUNDS; round += 60) {
    outbox.append(someRounds(60, round, { sensors: SENSORS, everyMs: ROUND_MS }));
    if (round > 0) continue;
    const lost = outbox.batch('local', { ...ALL, rowsMax: LOST });
    await post(gateway, lost?.body ?? '');
    late = outbox.batch('local', { ...ALL, within: [LOST + 1, LOST + 90] });
  }
  outbox.close();
  if (late === undefined) throw new Error('there was nothing to send');
  return { tiers, late };
}

/** Seqs of every stream of the outbox that the store has neither received nor been told the cause of. */
async function unexplained({ dir, port }: Gateway) {
  const { streams } = readOutboxLedger(join(dir, 'outbox.db'));
  const gaps: { stream: string; missing: number }[] = [];
  for (const { stream, seqs } of streams) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/streams/${stream}`);
    const { received, gone, next } = StreamAnswer.parse(await answer.json());
    expect(next).toBeUndefined();
    const known = normalized([...received, ...gone.map(([lo, hi]): SeqRange => [lo, hi])]);
    const missing = countOf(difference([seqs], known));
    if (missing > 0) gaps.push({ stream, missing });
  }
  return gaps;
}
