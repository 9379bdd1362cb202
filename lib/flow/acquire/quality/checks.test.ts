import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeNext, type QualityLimits, type Sample, type SeriesState } from './checks.ts';

/** What each value of a series fails. */
function judged(samples: readonly Sample[], limits: QualityLimits) {
  let state: SeriesState | undefined;
  return samples.map((sample) => {
    const verdict = judgeNext(state, sample, limits);
    state = verdict.state;
    return verdict.failures.map(({ check }) => check);
  });
}

/** One value every ten seconds. */
function series(...values: number[]): Sample[] {
  return values.map((value, i) => ({ value, monoMs: i * 10_000 }));
}

const SAMPLES = fc
  .array(
    fc.record({ value: fc.integer({ min: -50, max: 50 }), afterMs: fc.integer({ min: 1, max: 200_000 }) }),
  )
  .map((steps) => {
    let monoMs = 0;
    return steps.map(({ value, afterMs }): Sample => {
      monoMs += afterMs;
      return { value, monoMs };
    });
  });

const LIMITS: fc.Arbitrary<QualityLimits> = fc.record(
  {
    min: fc.integer({ min: -40, max: 0 }),
    max: fc.integer({ min: 0, max: 40 }),
    changeMax: fc.integer({ min: 1, max: 30 }),
    unchangedMaxMs: fc.integer({ min: 1, max: 500_000 }),
    warmUpMs: fc.integer({ min: 1, max: 500_000 }),
  },
  { requiredKeys: [] },
);

describe('the range', () => {
  test('is failed by what lies outside of it, and by nothing else', () => {
    fc.assert(
      fc.property(SAMPLES, fc.integer(), fc.integer(), (samples, a, b) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];

        expect(judged(samples, { min, max })).toEqual(
          samples.map(({ value }) => (value < min || value > max ? ['range'] : [])),
        );
      }),
    );
  });

  test('says which end was passed', () => {
    const limits = { min: -30, max: 60 };

    expect(judgeNext(undefined, { value: 85, monoMs: 0 }, limits).failures).toEqual([
      { check: 'range', message: 'is more than 60' },
    ]);
    expect(judgeNext(undefined, { value: -127, monoMs: 0 }, limits).failures).toEqual([
      { check: 'range', message: 'is less than -30' },
    ]);
  });

  test('is no place to count changes from', () => {
    const limits = { max: 60, changeMax: 5 };

    expect(judged(series(20, 85, 20, 21), limits)).toEqual([[], ['range'], [], []]);
    expect(judged(series(85, 85, 20), limits)).toEqual([['range'], ['range'], []]);
  });
});

describe('a spike', () => {
  test('is a value too far from the one before it, and the return from it is none', () => {
    expect(judged(series(20, 20.1, 85, 20.2, -40, 20.1), { changeMax: 5 })).toEqual([
      [],
      [],
      ['spike'],
      [],
      ['spike'],
      [],
    ]);
  });

  test('may be two values long; where three stay is where things are now', () => {
    expect(judged(series(20, 85, 85.5, 86, 86.2, 20), { changeMax: 5 })).toEqual([
      [],
      ['spike'],
      ['spike'],
      [],
      [],
      ['spike'],
    ]);
  });

  test('is not made by a pause in which the value had time to move', () => {
    const tenMinutesLater = { value: 60, monoMs: 600_000 };

    expect(judged([{ value: 20, monoMs: 0 }, tenMinutesLater], { changeMax: 5 })).toEqual([[], []]);
    expect(
      judged(
        [
          { value: 20, monoMs: 0 },
          { ...tenMinutesLater, monoMs: 300_000 },
        ],
        { changeMax: 5 },
      ),
    ).toEqual([[], ['spike']]);
  });

  test('is never found in a series that moves by no more than it may', () => {
    const steps = fc.array(
      fc.record({
        move: fc.double({ min: -1, max: 1, noNaN: true }),
        ms: fc.integer({ min: 1, max: 300_000 }),
      }),
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 1_000 }), (all, changeMax) => {
        let [value, monoMs] = [0, 0];
        const samples = all.map(({ move, ms }): Sample => {
          // A little less than it may: the sum is rounded.
          value += move * 0.999_999 * changeMax * Math.max(1, ms / 60_000);
          monoMs += ms;
          return { value, monoMs };
        });

        expect(judged(samples, { changeMax }).flat()).toEqual([]);
      }),
    );
  });

  test('lasts for two values at most, wherever a series stays', () => {
    fc.assert(
      fc.property(SAMPLES, LIMITS, fc.integer({ min: -40, max: 40 }), (samples, limits, value) => {
        const from = samples.at(-1)?.monoMs ?? 0;
        const stays = [1, 2, 3, 4, 5].map((i) => ({ value, monoMs: from + i }));
        const within = { ...limits, min: undefined, max: undefined };

        const last = judged([...samples, ...stays], within).slice(-3);

        expect(last.flat()).not.toContain('spike');
      }),
    );
  });
});

describe('a value without any change', () => {
  test('is found when it has been the same for so long and so often, and not before', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ value: fc.integer({ min: 0, max: 1 }), ms: fc.integer({ min: 7_000, max: 40_000 }) }),
          {
            maxLength: 60,
          },
        ),
        fc.integer({ min: 1, max: 900_000 }),
        (steps, unchangedMaxMs) => {
          let monoMs = 0;
          const samples = steps.map(({ value, ms }): Sample => {
            monoMs += ms;
            return { value, monoMs };
          });
          const expected = samples.map((sample, i) => {
            const before = samples.slice(0, i + 1);
            const start = before.findLastIndex(({ value }) => value !== sample.value) + 1;
            const since = sample.monoMs - (samples[start]?.monoMs ?? 0);
            return since >= unchangedMaxMs && i - start + 1 >= 10 ? ['unchanged'] : [];
          });

          expect(judged(samples, { unchangedMaxMs })).toEqual(expected);
        },
      ),
    );
  });

  test('is not found in two equal values at the ends of a night', () => {
    const night = [
      { value: 20.5, monoMs: 0 },
      { value: 20.5, monoMs: 8 * 3_600_000 },
    ];

    expect(judged(night, { unchangedMaxMs: 3_600_000 }).flat()).toEqual([]);
  });

  test('is not found in a pause in which nobody looked, and is when the same time was watched', () => {
    const minute = series(20, 20, 20, 20, 20, 20);
    const morning = minute.map(({ value, monoMs }) => ({ value, monoMs: monoMs + 8 * 3_600_000 }));
    const watched = series(...Array.from({ length: 361 }, () => 20));

    expect(judged([...minute, ...morning], { unchangedMaxMs: 3_600_000 }).flat()).toEqual([]);
    expect(judged(watched, { unchangedMaxMs: 3_600_000 }).flat()).toEqual(['unchanged']);
  });
});

describe('warming up', () => {
  test('ends so long after the first value', () => {
    const samples = [0, 59_999, 60_000, 120_000].map((ms) => ({ value: 400, monoMs: 7_000 + ms }));

    expect(judged(samples, { warmUpMs: 60_000 })).toEqual([['warm_up'], ['warm_up'], [], []]);
  });
});

describe('all checks together', () => {
  test('mean the same at any time of the monotonic clock', () => {
    fc.assert(
      fc.property(SAMPLES, LIMITS, fc.integer({ min: 0, max: 1e12 }), (samples, limits, shift) => {
        const later = samples.map(({ value, monoMs }) => ({ value, monoMs: monoMs + shift }));

        expect(judged(later, limits)).toEqual(judged(samples, limits));
      }),
    );
  });

  test('find nothing where nothing is limited', () => {
    fc.assert(
      fc.property(SAMPLES, (samples) => {
        expect(judged(samples, {}).flat()).toEqual([]);
      }),
    );
  });

  test('do not disturb each other: each finds what it finds alone', () => {
    fc.assert(
      fc.property(SAMPLES, LIMITS, (samples, { unchangedMaxMs, warmUpMs, changeMax }) => {
        const alone = [{ changeMax }, { unchangedMaxMs }, { warmUpMs }].map((limits) =>
          judged(samples, limits),
        );

        expect(judged(samples, { changeMax, unchangedMaxMs, warmUpMs })).toEqual(
          samples.map((_, i) => alone.flatMap((found) => found[i] ?? [])),
        );
      }),
    );
  });
});
