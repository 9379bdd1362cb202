/**
 * Goal: an outage beyond the bound of the outbox costs resolution and no coverage. Method: an outbox of half a MiB
 * is given fifteen hours of readings while nobody takes any, but for one batch whose reply was lost; then the built
 * programs drain it into a real store.
 */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';
import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { readOutboxLedger } from '../../lib/flow/outbox/ledger-view.ts';
import { openOutbox } from '../../lib/flow/outbox/outbox.ts';
import type { Reading } from '../../lib/flow/reading.ts';
import { StreamAnswer } from '../../lib/flow/reading.ts';
import { countOf, difference, normalized, type SeqRange } from '../../lib/flow/seq-ranges.ts';
import { createGateway, type Gateway } from '../support/gateway.ts';
import { ALL } from '../support/temp-outbox.ts';

const START_AT = 1_768_493_400_000;
const SENSORS = 5;
const ROUNDS = 5_400;
const ROUND_MS = 10_000;
const TEN_MINUTES_MS = 600_000;

function rounds(count: number, from: number): Reading[] {
  return Array.from({ length: count * SENSORS }, (_, i) => {
    const round = from + Math.floor(i / SENSORS);
    return {
      sensor: `sensor-${i % SENSORS}`,
      metric: 'temperature',
      unit: 'celsius',
      at: START_AT + round * ROUND_MS,
      value: 20 + (round % 64) / 8,
      flags: 0,
      monoMs: round * ROUND_MS,
    };
  });
}

test('after an outage beyond the bound the store has every ten minutes, every reading once, and no gap without a name', {
  timeout: 120_000,
}, async (context) => {
  const gateway = await createGateway({ onTestFinished: context.onTestFinished });
  await gateway.startApi();

  const tiers = await outage(gateway);
  const reader = await gateway.startReader();
  await reader.line((line) => line.event === 'backlog.drained');
  await gateway.finish(reader);

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

/** Fills the outbox beyond its bound. Returns the tiers that it was thinned to. */
async function outage({ dir, port }: Gateway): Promise<Set<string>> {
  const tiers = new Set<string>();
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
    outbox.append(rounds(60, round));
    if (round > 0) continue;
    const { body } = outbox.batch('local', { ...ALL, rowsMax: 77 }) ?? {};
    const headers = { 'content-type': 'application/json' };
    await fetch(`http://127.0.0.1:${port}/api/v1/batches`, { method: 'POST', headers, body: body ?? '' });
  }
  outbox.close();
  return tiers;
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
