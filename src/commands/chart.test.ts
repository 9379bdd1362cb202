import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { chart } from './chart.ts';

/** An hour of a sensor that rises from 10 to 20, a reading a minute; and another one, in another house. */
async function rigWithAnHour() {
  const rig = commandRig();
  const store = createSqliteStore({ file: join(rig.dataDir, 'store.db'), world: createTestWorld() });
  const series = ['attic', 'barn'].map((gateway) => ({
    gateway,
    sensor: 'roof',
    metric: 'temperature',
    unit: 'celsius',
  }));
  const rows = Array.from({ length: 61 }, (_, i): [number, number, number, number] => [
    i + 1,
    i === 60 ? 1 : 0,
    INCIDENT_AT - (60 - i) * 60_000 - 1_000,
    10 + i / 6,
  ]);
  const nothing = { refused: [], gone: [], sources: [], corrections: [] };
  await store.ingest([{ stream: 'chartstream', gateway: 'attic', series, rows, ...nothing }]);
  await store.close();
  const draw = (options = {}) =>
    rig.run(chart, { SENSOR: 'roof', METRIC: 'temperature', since: '61m', gateway: 'attic', ...options });
  return { ...rig, draw };
}

describe('sensorctl chart', () => {
  it('draws what was measured, with its numbers below', async () => {
    const { draw } = await rigWithAnHour();

    const { exitCode, out } = await draw({ width: '60', height: '6' });

    expect(exitCode).toBe(0);
    expect(out[0]).toBe('roof temperature (celsius), attic');
    expect(out).toHaveLength(1 + 6 + 2 + 1);
    expect(out.at(-1)).toBe('min 10, max 19.8333, mean 14.9167, last 19.8333; 60 readings');
    // Low on the left, high on the right.
    expect(out[6]).toMatch(/\|[.':]/);
    expect(out[1]).toMatch(/^20 \| {30,}.*[.':]$/);
    expect(Math.max(...out.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  it('draws one below the other where several gateways have it, and tells the points as JSON', async () => {
    const { draw } = await rigWithAnHour();

    const { out } = await draw({ gateway: undefined, json: true, width: '30' });

    const [attic, barn] = out.map((line) => JSON.parse(line));
    expect([attic.gateway, barn.gateway]).toEqual(['attic', 'barn']);
    expect(attic.points.reduce((sum: number, point: { count: number }) => sum + point.count, 0)).toBe(60);
    expect(attic.points[0]).toMatchObject({ min: 10 });
    expect(barn.points).toHaveLength(1);
  });

  it.each([
    [{ SENSOR: 'rof' }, 'nothing is stored of rof. Did you mean "roof"?'],
    [{ METRIC: 'temprature' }, 'nothing is stored of temprature of roof. Did you mean "temperature"?'],
    [{ SENSOR: 'quite-another' }, 'nothing is stored of quite-another. There is roof.'],
    [{ since: '2026-01-02', until: '2026-01-01' }, '--until does not lie behind --since'],
    [{ height: '0' }, '--height: "0" is not a whole number of at least 1'],
  ])('%j is answered with what would be right', async (options, message) => {
    const { draw } = await rigWithAnHour();

    await expect(draw(options)).rejects.toMatchObject({ exitCode: 64, message });
  });

  it('says so where there is nothing in that time', async () => {
    const { draw } = await rigWithAnHour();

    const { exitCode, notes } = await draw({ since: '2026-01-01', until: '2026-01-02' });

    expect(exitCode).toBe(0);
    expect(notes[0]).toMatch(/^No readings since 2026-01-01/);
  });
});
