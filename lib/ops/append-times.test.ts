import { expect, it } from 'vitest';
import { createAppendTimes } from './append-times.ts';

const appended = (durationMs: number) =>
  ({ type: 'outbox.appended', stream: 's', lo: 1, hi: 1, durationMs }) as const;

it('tells nothing of the first appends, then the median and the slowest of the latest sixty', () => {
  const times = createAppendTimes();
  for (let i = 0; i < 11; i += 1) times.observe(appended(900));
  expect(times.snapshot()).toBeUndefined();

  for (let i = 0; i < 60; i += 1) times.observe(appended(i === 30 ? 250.04 : 4));

  expect(times.snapshot()).toEqual({ median_ms: 4, slowest_ms: 250 });
});

it('a card that tidies up for a minute does not move the median', () => {
  const times = createAppendTimes();
  for (let i = 0; i < 60; i += 1) times.observe(appended(i < 54 ? 5 : 2_000));

  expect(times.snapshot()).toEqual({ median_ms: 5, slowest_ms: 2_000 });
});
