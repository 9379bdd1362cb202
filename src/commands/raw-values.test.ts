/** Raw values as `sensorctl readings --raw` prints them, from a real store. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FLAG } from '../../lib/flow/reading.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { readings } from './readings.ts';

const SERIES = [
  { gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' },
  { gateway: 'attic', sensor: 'roof', metric: 'temperature_calibration_scale', unit: 'ratio' },
  { gateway: 'attic', sensor: 'roof', metric: 'temperature_calibration_offset', unit: 'celsius' },
];
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** `[ms ago, series, value, flags]`, in the order in which they were accepted; each run is a stream. */
type Row = readonly [agoMs: number, series: 0 | 1 | 2, value: number, flags?: number];

/** What is printed of temperatures. */
async function printed(runs: readonly (readonly Row[])[], options: Record<string, unknown> = {}) {
  const { dataDir, run } = commandRig();
  const store = createSqliteStore({ file: join(dataDir, 'store.db'), world: createTestWorld() });
  await store.ingest(
    runs.map((rows, i) => ({
      stream: `commandstream${i}`,
      gateway: 'attic',
      series: SERIES,
      rows: rows.map(([agoMs, series, value, flags = 0], j): [number, number, number, number, number] => [
        j + 1,
        series,
        INCIDENT_AT - agoMs,
        value,
        flags,
      ]),
      refused: [],
      gone: [],
      sources: [],
      corrections: [],
    })),
  );
  await store.close();
  const asked = { since: '30d', metric: 'temperature', raw: true, ...options };
  const table = await run(readings, asked);
  const json = await run(readings, { ...asked, json: true });
  return { table: table.out.slice(1), raws: json.out.map((line) => JSON.parse(line).raw) };
}

/** A calibration of `scale` and `offset`, and then a reading of 10 by it. */
function calibrated(agoMs: number, scale: number, offset: number, value: number): Row[] {
  return [
    [agoMs, 1, scale],
    [agoMs, 2, offset],
    [agoMs, 0, value, FLAG.calibrated],
  ];
}

describe('the raw value of a reading', () => {
  it('is computed with the calibration stored before it, and is not there where nothing was calibrated', async () => {
    const { table, raws } = await printed([
      [
        [9 * MINUTE_MS, 0, 19],
        ...calibrated(8 * MINUTE_MS, 1.02, -0.4, 21.53),
        [7 * MINUTE_MS, 0, 85, FLAG.calibrated | FLAG.suspect],
      ],
    ]);

    expect(raws).toEqual([undefined, 21.5, 83.7254901960784]);
    expect(table[0]).toMatch(/ 19 +celsius$/);
    expect(table[1]).toMatch(/ 21\.53 +celsius \(calibrated, raw 21\.5\)$/);
    expect(table[2]).toMatch(/ 85 +celsius \(suspect; calibrated, raw 83\.7255\)$/);
  });

  it('follows a calibration that was changed, and one that was taken away', async () => {
    const { raws } = await printed([
      calibrated(30 * MINUTE_MS, 1, 5, 15),
      calibrated(20 * MINUTE_MS, 1, 6, 16),
      [[10 * MINUTE_MS, 0, 10]],
    ]);

    expect(raws).toEqual([10, 10, undefined]);
  });

  it('is found with a calibration from long before the time that is asked for', async () => {
    const { raws } = await printed(
      [[...calibrated(20 * DAY_MS, 2, 1, 21), [MINUTE_MS, 0, 31, FLAG.calibrated]]],
      { since: '1h' },
    );

    expect(raws).toEqual([15]);
  });

  it('is found with the next one of its run where the first was given up in a full outbox', async () => {
    const run = calibrated(MINUTE_MS, 2, 1, 21);

    expect((await printed([[[2 * MINUTE_MS, 0, 41, FLAG.calibrated], ...run]])).raws).toEqual([20, 10]);
  });

  it('is said to be unknown rather than guessed by the calibration of a later run', async () => {
    const later = calibrated(MINUTE_MS, 2, 1, 21);
    const { table, raws } = await printed([[[2 * MINUTE_MS, 0, 41, FLAG.calibrated]], later]);

    expect(raws).toEqual([null, 10]);
    expect(table[0]).toContain('(calibrated, raw not known)');
  });

  it('is not looked for unless somebody asks', async () => {
    const { table, raws } = await printed([calibrated(MINUTE_MS, 2, 1, 21)], { raw: undefined });

    expect(raws).toEqual([undefined]);
    expect(table[0]).toMatch(/\(calibrated\)$/);
  });
});
