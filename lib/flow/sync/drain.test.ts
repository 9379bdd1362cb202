import { expect, test } from 'vitest';
import { createDestinationRig, DOWN, TOOK_MS } from '../../../test/support/destination-rig.ts';

test('while a backlog drains the status says how much is through, and how fast', async () => {
  const { clock, destination } = createDestinationRig({ backlog: 5_000 });

  await clock.advance(4 * TOOK_MS);
  const { drain } = destination.status().backfill;
  await clock.advance(10_000);

  expect(drain?.rows).toBeGreaterThan(500);
  expect(drain?.rowsPerSecond).toBe(Math.round(((drain?.rows ?? 0) * 1_000) / (4 * TOOK_MS)));
  expect(destination.status().backfill.drain).toBeUndefined();
});

test('an outage in the middle of a drain is no part of its pace', async () => {
  const { clock, store, destination } = createDestinationRig({ backlog: 60_000 });
  const pace = () => destination.status().backfill.drain?.rowsPerSecond ?? 0;
  await clock.advance(4 * TOOK_MS);
  const before = pace();

  store.behave = () => DOWN;
  await clock.advance(3_600_000);
  const after: number[] = [];
  store.behave = () => void after.push(pace());
  await clock.advance(70_000);

  expect(before).toBeGreaterThan(1_000);
  expect(after.at(-1)).toBeGreaterThan(before);
});
