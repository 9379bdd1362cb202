import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAPPING, isFlapping, isQuiet } from './flapping.ts';
import { elapsedMs, type Stamp } from './stamp.ts';

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;

const stamp = (bootId: string, at: number, monoMs: number): Stamp => ({ bootId, at, monoMs });

describe('the time between two moments', () => {
  it('is that of the monotonic clock within a boot, whatever the wall clock says', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.nat(), fc.nat(), (a, b, mono, passed) => {
        expect(elapsedMs(stamp('boot', a, mono), stamp('boot', b, mono + passed))).toBe(passed);
      }),
    );
  });

  it.each([
    ['an ordinary reboot', stamp('one', 0, 900_000), stamp('two', 120_000, 30_000), 120_000],
    ['a clock that was set back meanwhile', stamp('one', YEAR_MS, 900_000), stamp('two', 0, 30_000), 30_000],
    [
      'a clock that was set forward meanwhile',
      stamp('one', 0, 900_000),
      stamp('two', YEAR_MS, 30_000),
      YEAR_MS,
    ],
    ['a machine that slept', stamp('one', 0, 900_000), stamp('one+600', 660_000, 960_000), 660_000],
    [
      'one whose clock was set back as well',
      stamp('one', YEAR_MS, 900_000),
      stamp('one+600', 0, 960_000),
      60_000,
    ],
  ])(
    'across boots is told by the wall, and never less than must have passed: %s',
    (_what, since, now, ms) => {
      expect(elapsedMs(since, now)).toBe(ms);
    },
  );
});

describe('flapping', () => {
  const opened = (minute: number, at = minute * MINUTE_MS) => ({
    ...stamp('boot', at, minute * MINUTE_MS),
    change: 'opened' as const,
    by: null,
  });
  const now = stamp('boot', 0, 10 * MINUTE_MS);

  it('is so many openings within the time, the present one included', () => {
    expect(isFlapping([opened(9), opened(6)], now, FLAPPING)).toBe(true);
    expect(isFlapping([opened(9), opened(5)], now, FLAPPING)).toBe(true);
    expect(isFlapping([opened(9), opened(4.9)], now, FLAPPING)).toBe(false);
    expect(isFlapping([opened(9)], now, FLAPPING)).toBe(false);
  });

  it('twin: told by the wall clock, a jump ahead would have hidden it, and have ended the quiet at once', () => {
    const past = [opened(9, -YEAR_MS), opened(8, -YEAR_MS)];
    const byTheWall = (since: Stamp) => now.at - since.at;

    expect(past.filter((one) => byTheWall(one) <= FLAPPING.withinMs)).toEqual([]);
    expect(byTheWall(past[0] ?? now)).toBeGreaterThan(FLAPPING.quietMs);
    expect(isFlapping(past, now, FLAPPING)).toBe(true);
    expect(isQuiet(past[0] ?? now, now, FLAPPING)).toBe(false);
  });
});
