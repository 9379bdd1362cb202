import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JITTER_SHARE, longestStep, nextStep, PAUSE_STEPS_MS, pauseMs } from './ladder.ts';

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('the steps are 10, 30 and 60 seconds, and the last one repeats', () => {
  const steps = [0, nextStep(0), nextStep(nextStep(0)), nextStep(nextStep(nextStep(0)))];

  expect(steps.map((step) => pauseMs(step, { fraction: 0 }))).toEqual([10_000, 30_000, 60_000, 60_000]);
  expect(longestStep()).toBe(2);
});

test('every pause lies between its step and a fifth more, at the cap as anywhere', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 }), fraction, (step, chance) => {
      const rung = PAUSE_STEPS_MS[Math.min(step, 2)] ?? 0;
      const pause = pauseMs(step, { fraction: chance });
      expect(pause).toBeGreaterThanOrEqual(rung);
      expect(pause).toBeLessThanOrEqual(rung * (1 + JITTER_SHARE));
    }),
  );
});

test('jitter is not clipped away at the last step', () => {
  expect(pauseMs(2, { fraction: 0.5 })).toBe(66_000);
  expect(pauseMs(99, { fraction: 0.999 })).toBeGreaterThan(71_000);
});

test('a Retry-After lengthens a step and never shortens it, and is jittered, too', () => {
  expect(pauseMs(0, { fraction: 0, retryAfterMs: 45_000 })).toBe(45_000);
  expect(pauseMs(2, { fraction: 0, retryAfterMs: 1_000 })).toBe(60_000);
  expect(pauseMs(0, { fraction: 0.5, retryAfterMs: 100_000 })).toBe(110_000);
});
