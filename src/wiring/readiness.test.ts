import { expect, it } from 'vitest';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { awaitReadiness } from './readiness.ts';

const HOUR_MS = 3_600_000;

function rig(intervalMs: number) {
  const clock = createVirtualClock();
  const stopping = new AbortController();
  const { ready, observe } = awaitReadiness(clock, intervalMs, stopping.signal);
  const said: boolean[] = [];
  void ready.then((answer) => said.push(answer));
  const sampled = () =>
    observe({ type: 'round.sampled', readings: 0, sourcesOk: 0, sourcesFailed: 1, durationMs: 1, lateMs: 0 });
  return { clock, stopping, said, sampled };
}

it('a reader is ready as soon as it has taken a round, whatever came of it', async () => {
  const { clock, said, sampled } = rig(HOUR_MS);

  sampled();
  await clock.advance(0);

  expect(said).toEqual([true]);
});

it('a source that takes minutes does not keep a reader from being ready', async () => {
  const { clock, said } = rig(HOUR_MS);

  await clock.advance(19_999);
  expect(said).toEqual([]);
  await clock.advance(1);

  expect(said).toEqual([true]);
});

it('a reader that is stopped before is not', async () => {
  const { clock, said, stopping } = rig(10_000);

  stopping.abort();
  await clock.advance(0);

  expect(said).toEqual([false]);
});
