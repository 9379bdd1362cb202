import { getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { systemClock } from './clock.ts';

test('sleeps that ran to their end leave no listener behind', async () => {
  const { signal } = new AbortController();

  for (let nap = 0; nap < 200; nap += 1) await systemClock.sleep('nap', 0, signal);

  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a sleep cut short is over at once and leaves no listener behind', async () => {
  const stop = new AbortController();

  const nap = systemClock.sleep('nap', 3_600_000, stop.signal);
  stop.abort();
  await nap;

  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
});

test('a sleep whose signal is already aborted is over at once', async () => {
  await systemClock.sleep('nap', 3_600_000, AbortSignal.abort());
});

test('monotonic time counts from boot, the same for every process of it', () => {
  const bootedMs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;

  const differenceMs = Math.abs(systemClock.monotonicMs() - bootedMs);

  // The kernel's figure includes suspend, ours does not; nobody suspends the machine between two tests.
  expect(differenceMs).toBeLessThan(60_000);
});

test('a virtual day passes sleeper by sleeper, in order', async () => {
  const clock = createVirtualClock();
  const woken: string[] = [];
  void clock.sleep('late', 86_000_000).then(() => woken.push('late'));
  void clock.sleep('early', 10).then(() => woken.push('early'));

  await clock.advance(86_400_000);

  expect(woken).toEqual(['early', 'late']);
  expect(clock.monotonicMs()).toBe(86_400_000);
});
