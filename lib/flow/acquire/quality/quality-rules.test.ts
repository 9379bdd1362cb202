import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createSeededRandom } from '../../../../test/support/seeded-random.ts';
import { createSimulatedSource } from '../sources/simulated-source.ts';
import { judgeNext, type SeriesState } from './checks.ts';
import { limitsFrom, type QualityRule } from './quality-rules.ts';
import { USUAL_LIMITS } from './usual-limits.ts';

const ATTIC = { sensor: 'attic', metric: 'temperature', unit: 'celsius' };

describe('rules', () => {
  test('are asked in their order, each check of the first that says something about it', () => {
    const limitsOf = limitsFrom([
      { sensor: 'attic', changeMax: 5 },
      { metric: 'temp*', min: -30, max: 60, changeMax: 7 },
      { sensor: 'a*', warmUpMs: 60_000, unchangedMaxMs: 3_600_000 },
    ]);

    expect(limitsOf(ATTIC)).toEqual({
      min: -30,
      max: 60,
      changeMax: 5,
      unchangedMaxMs: 3_600_000,
      warmUpMs: 60_000,
    });
    expect(limitsOf({ ...ATTIC, sensor: 'cellar' })).toMatchObject({ changeMax: 7, warmUpMs: undefined });
  });

  test.each<[QualityRule, [number | undefined, number | undefined]]>([
    [{ max: 3_000 }, [undefined, 3_000]],
    [{ min: 1_500 }, [1_500, undefined]],
    [{ changeMax: 1 }, [-100, 1_400]],
  ])('give one end of a range and thereby the whole: %j', (rule, range) => {
    const { min, max } = limitsFrom([rule])(ATTIC);

    expect([min, max]).toEqual(range);
  });
});

describe('the usual limits', () => {
  const limitsOf = limitsFrom([]);

  test.each([
    ['a garbled word of an unplugged thermometer', ATTIC, [-127]],
    ['an open PT100', ATTIC, [988.8, 20]],
    ['a humidity of all ones', { ...ATTIC, metric: 'humidity', unit: 'percent' }, [125]],
    ['a CO2 sensor that has not measured yet', { ...ATTIC, metric: 'co2', unit: 'ppm' }, [0]],
    ['a light sensor below darkness', { ...ATTIC, metric: 'illuminance', unit: 'lux' }, [-1]],
  ])('find %s', (_what, series, [value = 0, before = value]) => {
    const { state } = judgeNext(undefined, { value: before, monoMs: 0 }, limitsOf(series));

    expect(judgeNext(state, { value, monoMs: 10_000 }, limitsOf(series)).failures).not.toEqual([]);
  });

  test.each([
    ['a processor that begins to work', ATTIC, [35, 100]],
    ['a door that is opened on a winter day', ATTIC, [32, -18]],
    ['a kiln', ATTIC, [1_290, 1_300]],
    ['a sprayed sensor', { ...ATTIC, metric: 'humidity', unit: 'percent' }, [38, 100]],
    ['fog, as an SHT4x tells it to the kernel', { ...ATTIC, metric: 'humidity', unit: 'percent' }, [104.5]],
    ['an idle processor', { ...ATTIC, metric: 'load', unit: 'percent' }, [0, 400]],
    ['breath on a CO2 sensor', { ...ATTIC, metric: 'co2', unit: 'ppm' }, [410, 39_000]],
    ['a lamp', { ...ATTIC, metric: 'illuminance', unit: 'lux' }, [0, 60_000]],
    ['an empty tank', { ...ATTIC, metric: 'pressure', unit: 'pascal' }, [0]],
  ])('let %s pass', (_what, series, values) => {
    let state: SeriesState | undefined;
    for (const [i, value] of values.entries()) {
      const verdict = judgeNext(state, { value, monoMs: i * 1_000 }, limitsOf(series));
      expect(verdict.failures).toEqual([]);
      state = verdict.state;
    }
  });

  test('let a whole year of a greenhouse pass', async () => {
    let atMs = 0;
    const source = createSimulatedSource({ clock: { wallMs: () => atMs }, random: createSeededRandom(7) });
    const states = new Map<string, SeriesState>();
    const failed: unknown[] = [];

    for (; atMs < 365 * 86_400_000; atMs += 1_800_000) {
      for (const one of await source.read(new AbortController().signal)) {
        const key = `${one.sensor} ${one.metric}`;
        const { state, failures } = judgeNext(
          states.get(key),
          { value: one.value, monoMs: atMs },
          limitsOf(one),
        );
        states.set(key, state);
        failed.push(...failures);
      }
    }

    expect(states.size).toBe(8);
    expect(failed).toEqual([]);
  });

  test('stand in docs/sensors.md, each with its reason', () => {
    const rows = readFileSync('docs/sensors.md', 'utf8').matchAll(
      /^\| ([a-z0-9]+ )?in ([a-z]+) \| (\S+) to (\S+) \| (\d+|-) \| (.+) \|$/gm,
    );
    const told = [...rows].map(([, metric = '', unit, min, max, change, reason]) =>
      [metric.trim(), unit, min, max, change, reason].join(' | '),
    );

    expect(told).toEqual(
      USUAL_LIMITS.map(({ metric = '', unit, min, max, changeMax = '-', reason }) =>
        [metric, unit, min, max, changeMax, reason].join(' | '),
      ),
    );
  });
});
