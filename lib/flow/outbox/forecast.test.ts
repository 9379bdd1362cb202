import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forecastOf, type OutboxPace, rateOf } from './forecast.ts';

const pace: OutboxPace = {
  rows: 0,
  thinnedRows: 0,
  bytesUsed: 0,
  bytesFree: 45_000_000,
  rowsPerSecond: 0.5,
  series: 5,
  backlogRows: 0,
  backlogSpanMs: 0,
  drainRowsPerSecond: undefined,
};

describe('a forecast', () => {
  it('says when readings begin to be thinned, and when the oldest of them are given up', () => {
    const tenMinutes = (22_500_000 / 150 / 5) * 600_000;
    const minutes = (11_250_000 / 150 / 5) * 60_000;
    const raw = (11_250_000 / 45 / 0.5) * 1_000;

    expect(forecastOf(pace)).toEqual({
      fullMs: 2_000_000_000,
      lastsMs: tenMinutes + minutes + raw,
      drainMs: 0,
    });
  });

  it('counts the time that is covered already', () => {
    const later = forecastOf({ ...pace, backlogSpanMs: 86_400_000 });

    expect(later.lastsMs).toBe((forecastOf(pace).lastsMs ?? 0) - 86_400_000);
  });

  it('promises no thinning of readings that are too far apart for it', () => {
    const sparse = forecastOf({ ...pace, rowsPerSecond: 1 / 60 });

    expect(sparse.lastsMs).toBe(sparse.fullMs);
  });

  it('takes rows for as large as they are, once there are enough to measure', () => {
    expect(forecastOf({ ...pace, rows: 20_000, bytesUsed: 1_800_000 }).fullMs).toBe(1_000_000_000);
    expect(forecastOf({ ...pace, rows: 20, bytesUsed: 1_800_000 }).fullMs).toBe(2_000_000_000);
  });

  it('counts the readings that come while a backlog drains', () => {
    const draining = { ...pace, rowsPerSecond: 50, backlogRows: 9_000, drainRowsPerSecond: 100 };

    expect(forecastOf(draining).drainMs).toBe(180_000);
  });

  it('promises no end of a drain that is slower than what comes', () => {
    const losing = { ...pace, rowsPerSecond: 100, backlogRows: 9_000, drainRowsPerSecond: 100 };

    expect(forecastOf(losing).drainMs).toBeUndefined();
  });

  it('promises no end of an outbox to which nothing is added', () => {
    expect(forecastOf({ ...pace, rowsPerSecond: 0 })).toMatchObject({
      fullMs: undefined,
      lastsMs: undefined,
    });
  });

  it('is never negative and never infinite, whatever was measured', () => {
    const number = fc.double({ min: 0, max: 1e12, noNaN: true });
    const any = fc.record({
      rows: fc.nat(),
      thinnedRows: fc.nat(),
      series: fc.nat(),
      backlogSpanMs: fc.double({ min: -1e12, max: 1e12, noNaN: true }),
      bytesUsed: number,
      bytesFree: fc.double({ min: -1e12, max: 1e12, noNaN: true }),
      rowsPerSecond: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      backlogRows: fc.nat(),
      drainRowsPerSecond: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
    });

    fc.assert(
      fc.property(any, (measured) => {
        for (const ms of Object.values(forecastOf(measured))) {
          expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
        }
      }),
    );
  });
});

describe('the rate', () => {
  /** Five rows every ten seconds. */
  const rounds = (n: number, boot = 1, fromMs = 0) =>
    Array.from({ length: n * 5 }, (_, i) => ({
      boot,
      monoMs: fromMs + Math.floor(i / 5) * 10_000 + (i % 5),
    }));

  it('is what rounds bring, whatever their number', () => {
    for (const n of [3, 10, 200]) expect(rateOf(rounds(n))).toBeCloseTo(0.5, 2);
  });

  it('is of the present boot alone: monotonic times of two boots cannot be compared', () => {
    expect(rateOf([...rounds(50, 1, 900_000), ...rounds(10, 2)])).toBeCloseTo(0.5, 2);
  });

  it('is not known from a single round, or from nothing', () => {
    expect(rateOf(rounds(1))).toBeUndefined();
    expect(rateOf([])).toBeUndefined();
  });
});
