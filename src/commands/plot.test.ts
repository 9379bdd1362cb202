import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlotPoint, plot, scaleOf, sparkline } from './plot.ts';

const point = (at: number, mean: number, spread = 0): PlotPoint => ({
  at,
  mean,
  min: mean - spread,
  max: mean + spread,
});

const FRAME = {
  fromAt: 0,
  untilAt: 60,
  columns: 40,
  rows: 6,
  timeLabel: (at: number) => `${Math.round(at)}s`,
};

describe('a plot', () => {
  const rising = Array.from({ length: 60 }, (_, at) => point(at, at / 10));

  it('shows a rise from the lower left to the upper right, in braille', () => {
    expect(plot(rising, { ...FRAME, unicode: true })).toMatchInlineSnapshot(`
      [
        "6 ┤                               ⣀⣀⡤⠤⠖⠃",
        "  │                         ⣀⣀⡤⠖⠒⠋⠁",
        "4 ┤                   ⣀⡤⠤⠖⠋⠉⠁",
        "2 ┤            ⣀⣀⡤⠖⠒⠋⠉⠁",
        "  │      ⣀⡤⠤⠖⠋⠉⠁",
        "0 ┤⣀⡤⠖⠒⠋⠉⠁",
        "  └┬──────────────────┬────────────────┬",
        "   0s                 31s            58s",
      ]
    `);
  });

  it('shows the same in ASCII, for terminals that show no more', () => {
    const lines = plot(rising, { ...FRAME, unicode: false });

    expect(lines).toMatchInlineSnapshot(`
      [
        "6 |                                ...:'",
        "  |                         ...:''''",
        "4 |                   ...:'''",
        "2 |            ...:''''",
        "  |     ...:''''",
        "0 |.:''''",
        "  ++------------------+----------------+",
        "   0s                 31s            58s",
      ]
    `);
    expect(lines.join('')).toMatch(/^[ -~]*$/);
  });

  it('draws no line over a gap', () => {
    const around = [point(0, 1), point(1, 1), point(50, 3), point(51, 3)];
    const lines = plot(around, { ...FRAME, unicode: false, columns: 64 });

    for (const line of lines.slice(0, FRAME.rows)) expect(line.slice(12, 50).trim()).toBe('');
    expect(lines.join('')).toMatch(/[.':]/);
  });

  it('never is wider or higher than it may be, whatever it shows, and shows each value between its two ticks', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 59 }), value), {
      minLength: 1,
      maxLength: 50,
    });
    const size = fc.record({
      columns: fc.integer({ min: 24, max: 200 }),
      rows: fc.integer({ min: 4, max: 40 }),
    });
    fc.assert(
      fc.property(points, size, fc.boolean(), (all, { columns, rows }, unicode) => {
        const sorted = all.sort(([a], [b]) => a - b).map(([at, mean]) => point(at, mean));
        const lines = plot(sorted, { ...FRAME, columns, rows, unicode });

        expect(lines).toHaveLength(rows + 2);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(Math.max(columns, 26));
        const { bottom, top } = scaleOf(sorted, 4);
        // A number that is all but a tick may be on either side of it, as far as a double can say.
        const hair = (top - bottom) * 1e-9;
        for (const { mean } of sorted) expect(mean >= bottom - hair && mean <= top + hair).toBe(true);
      }),
    );
  });

  it('takes less than a label shows for standing still', () => {
    const { bottom, top, ticks } = scaleOf([{ min: 0, max: Number.MIN_VALUE }], 4);

    expect([bottom, top]).toEqual([-0.5, 0.5]);
    expect(ticks).toHaveLength(3);
  });

  it('puts what stands still in the middle', () => {
    const { bottom, top } = scaleOf([{ min: 20, max: 20 }], 4);

    expect((bottom + top) / 2).toBeCloseTo(20, 0);
    expect(top).toBeGreaterThan(bottom);
  });
});

describe('a sparkline', () => {
  it('goes from the lowest to the highest, and leaves out what there is not', () => {
    expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8], true)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([1, null, 8], false)).toBe('_ ^');
    expect(sparkline([5, 5], true)).toBe('▅▅');
    expect(sparkline([null, null], true)).toBe('  ');
  });
});
