import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextDueMono, paced, scheduleFrom, takeSlot } from './schedule.ts';

/** Runs `rounds` wake-ups on a schedule: each is late by `lateness()` and then works for `work()`. */
function simulate(intervalMs: number, lateness: readonly number[], work: readonly number[]) {
  let nowMono = 1_000.25;
  let schedule = scheduleFrom(nowMono, intervalMs);
  const starts: { dueMono: number; startMono: number }[] = [];
  let skipped = 0;
  for (const [turn, late] of lateness.entries()) {
    nowMono = Math.max(nowMono, nextDueMono(schedule)) + late;
    const slot = takeSlot(schedule, nowMono);
    schedule = slot.schedule;
    skipped += slot.skipped;
    if (slot.dueMono === undefined) continue;
    starts.push({ dueMono: slot.dueMono, startMono: nowMono });
    nowMono += work[turn] ?? 0;
  }
  return { starts, skipped, schedule };
}

describe('a schedule', () => {
  test('has a phase error of exactly zero after 10,000 rounds with turns of any length', () => {
    const turns = fc.array(fc.double({ min: 0, max: 7_900, noNaN: true }), {
      minLength: 10_000,
      maxLength: 10_000,
    });
    fc.assert(
      fc.property(turns, (work) => {
        const { starts, skipped } = simulate(10_000, new Array(10_000).fill(0), work);

        expect(skipped).toBe(0);
        expect(starts.at(-1)?.dueMono).toBe(1_000 + 9_999 * 10_000);
      }),
      { numRuns: 5 },
    );
  });

  test('would drift without a grid: an interval of sleep after each turn adds the turns up', () => {
    let nowMono = 1_000;
    for (let round = 1; round < 10_000; round += 1) nowMono += 3 + 10_000;

    expect(nowMono - (1_000 + 9_999 * 10_000)).toBe(9_999 * 3);
  });

  test('serves or counts every slot once, and never bunches rounds closer than half an interval', () => {
    const times = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(times, times, (lateness, work) => {
        const { starts, skipped, schedule } = simulate(10_000, lateness, work);

        expect(starts.length + skipped).toBe(schedule.nextSlot);
        for (const [i, { dueMono, startMono }] of starts.entries()) {
          expect(startMono - dueMono).toBeLessThan(5_000);
          expect(startMono - (starts[i - 1]?.startMono ?? Number.NEGATIVE_INFINITY)).toBeGreaterThan(5_000);
        }
      }),
    );
  });

  test.each([
    { now: 9_999, due: undefined, skipped: 0, next: 10_000 },
    { now: 10_000, due: 10_000, skipped: 0, next: 20_000 },
    { now: 14_999, due: 10_000, skipped: 0, next: 20_000 },
    { now: 15_000, due: undefined, skipped: 1, next: 20_000 },
    { now: 32_000, due: 30_000, skipped: 2, next: 40_000 },
    { now: 86_407_000, due: undefined, skipped: 8_640, next: 86_410_000 },
  ])('woken at $now serves $due, skips $skipped and is next due at $next', ({ now, due, skipped, next }) => {
    const schedule = { anchorMono: 0, intervalMs: 10_000, nextSlot: 1 };

    const slot = takeSlot(schedule, now);

    expect(slot.dueMono).toBe(due);
    expect(slot.skipped).toBe(skipped);
    expect(nextDueMono(slot.schedule)).toBe(next);
  });
});

describe('another pace', () => {
  const afterRoundAt20s = { anchorMono: 0, intervalMs: 10_000, nextSlot: 3 };

  test.each([
    { to: 60_000, now: 21_000, next: 80_000 },
    { to: 30_000, now: 21_000, next: 50_000 },
    { to: 5_000, now: 21_000, next: 25_000 },
    { to: 5_000, now: 27_000, next: 30_000 },
    { to: 1_000, now: 24_000, next: 24_000 },
  ])('of $to ms, asked for at $now after a round at 20000, is next due at $next', ({ to, now, next }) => {
    expect(nextDueMono(paced(afterRoundAt20s, to, now))).toBe(next);
  });

  test('before the first round keeps the first slot', () => {
    expect(nextDueMono(paced(scheduleFrom(500, 10_000), 60_000, 700))).toBe(500);
  });
});
