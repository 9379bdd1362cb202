import { expect, test } from 'vitest';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import type { Measurement } from '../sensor-source.ts';
import { createSimulatedSource } from './simulated-source.ts';

const signal = new AbortController().signal;
const NEW_YEAR = Date.UTC(2026, 0, 1);

async function measureAt(wallMs: number, over: { seed?: number; name?: string } = {}) {
  return createSimulatedSource({ ...createTestWorld({ wallMs }), ...over }).read(signal);
}

function readingOf(measurements: readonly Measurement[], sensor: string, metric: string): number {
  return measurements.find((one) => one.sensor === sensor && one.metric === metric)?.value ?? Number.NaN;
}

test.each(['simulated', 'plants', 'simulated-roof'])(
  'named %s, every sensor says that it is simulated',
  async (name) => {
    for (const one of await measureAt(NEW_YEAR, { name })) expect(one.sensor).toMatch(/^simulated-/);
  },
);

test('two of them do not share a series', async () => {
  const series = [...(await measureAt(NEW_YEAR)), ...(await measureAt(NEW_YEAR, { name: 'plants' }))];

  expect(new Set(series.map((one) => `${one.sensor} ${one.metric}`)).size).toBe(series.length);
});

test('the same seed and time give the same weather, another seed gives another', async () => {
  expect(await measureAt(NEW_YEAR, { seed: 3 })).toEqual(await measureAt(NEW_YEAR, { seed: 3 }));
  expect(await measureAt(NEW_YEAR, { seed: 3 })).not.toEqual(await measureAt(NEW_YEAR, { seed: 4 }));
});

test('a year of it is plausible: warm afternoons, dark nights, watered soil, no jumps', async () => {
  const hour = 3_600_000;
  const afternoonWarmer: boolean[] = [];
  let last = await measureAt(NEW_YEAR - hour);
  for (let hours = 0; hours < 365 * 24; hours += 1) {
    const now = await measureAt(NEW_YEAR + hours * hour);
    const celsius = readingOf(now, 'simulated-outdoor', 'temperature');
    const within = (sensor: string, metric: string, min: number, max: number) => {
      const value = readingOf(now, sensor, metric);
      expect(value).toBeGreaterThanOrEqual(min);
      expect(value).toBeLessThanOrEqual(max);
    };
    within('simulated-outdoor', 'temperature', -5, 35);
    within('simulated-outdoor', 'pressure', 99_000, 103_500);
    within('simulated-outdoor', 'humidity', 15, 100);
    within('simulated-greenhouse', 'temperature', 6, 45);
    within('simulated-greenhouse', 'humidity', 15, 100);
    within('simulated-greenhouse', 'soil_moisture', 20, 66);
    if (hours % 24 === 0) within('simulated-outdoor', 'illuminance', 0, 0);
    if (hours % 24 === 12) within('simulated-outdoor', 'illuminance', 10_000, 90_000);
    expect(Math.abs(celsius - readingOf(last, 'simulated-outdoor', 'temperature'))).toBeLessThan(5);
    if (hours % 24 === 15) {
      const dawn = await measureAt(NEW_YEAR + (hours - 10) * hour);
      afternoonWarmer.push(celsius > readingOf(dawn, 'simulated-outdoor', 'temperature'));
    }
    last = now;
  }
  expect(afternoonWarmer.filter(Boolean).length).toBeGreaterThan(350);
});
