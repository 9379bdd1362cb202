/**
 * Goal: a question has the same answer whatever the store is made of, and rollups say what the readings say. Method:
 * the same batches go into a database and into a file, in any order and form, and both are asked the same; rollups
 * are held against a plain computation over the readings.
 */

import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BatchRow } from '../../lib/flow/batch.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import { openPostgresLooks } from '../../lib/flow/write-api/postgres/postgres-looks.ts';
import { openStoreLooks } from '../../lib/flow/write-api/store/sqlite-looks.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import {
  batchOf,
  createPostgresRig,
  describeOverPostgres,
  type PostgresRig,
  ROOF,
} from '../support/postgres-rig.ts';
import { expectSameRollups, plainRollupsOf } from '../support/rollup-audit.ts';
import { tempDir } from '../support/temp-dir.ts';
import { createTestWorld } from '../support/test-world.ts';

const AT = Date.UTC(2026, 0, 15, 23, 58);
const SERIES = [ROOF, { ...ROOF, metric: 'humidity', unit: 'percent' }];
const BEFORE_ALL = { at: 0, stream: 0, seq: 0 };

async function expectSoundRollups(rig: PostgresRig): Promise<void> {
  const readings = await rig.rows<Parameters<typeof plainRollupsOf>[0][number]>(
    `SELECT series, at, flags & ~${FLAG.thinned} AS flags, value, coalesce((thinned).count, 1) AS count,
       coalesce((thinned).min, value) AS min, coalesce((thinned).max, value) AS max,
       coalesce((thinned).first, value) AS first, coalesce((thinned).last, value) AS last,
       coalesce((thinned).span_ms, 0) AS "spanMs" FROM sensorgw.readings`,
  );
  const found = await rig.rows<Parameters<typeof expectSameRollups>[0][number]>(
    `SELECT * FROM (SELECT 0 AS level, * FROM sensorgw.minutes UNION ALL SELECT 1, * FROM sensorgw.hours
       UNION ALL SELECT 2, * FROM sensorgw.days) AS rollups ORDER BY level, series, at, flags`,
  );
  expectSameRollups(found, plainRollupsOf(readings));
}

/** A reading somewhere within three days around a midnight, some of them with remarks. */
const reading = fc.record({
  series: fc.integer({ min: 0, max: 1 }),
  at: fc.integer({ min: 0, max: 3 * 86_400_000 }),
  // Of the least that there are a mean cannot be told within rounding.
  value: fc.double({ min: -1e308, max: 1e308, noNaN: true }).map((one) => (Math.abs(one) < 1e-300 ? 0 : one)),
  flags: fc.constantFrom(0, 0, 0, FLAG.suspect, FLAG.clockUntrusted),
});

describeOverPostgres('a store in PostgreSQL that is asked', (server) => {
  it('has rollups that say what its readings say, in whatever order they came', async () => {
    const rig = await createPostgresRig(server());
    let seq = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(reading, { maxLength: 30 }), { maxLength: 5 }), async (batches) => {
        for (const readings of batches) {
          const rows = readings.map(({ series, at, value, flags }): BatchRow => {
            seq += 1;
            return [seq, series, AT + at, value, flags];
          });
          await rig.store.ingest([batchOf(rows, { series: SERIES })]);
        }

        await expectSoundRollups(rig);
      }),
      { numRuns: 25 },
    );
  });

  it('has rollups that follow what a correction moves', async () => {
    const rig = await createPostgresRig(server());
    const rows = Array.from({ length: 300 }, (_, i): BatchRow => {
      const isUntrusted = i % 3 !== 0;
      return [
        i + 1,
        i % 2,
        isUntrusted ? 5_000 + i * 7_000 : AT + i * 1_000,
        i / 8,
        isUntrusted ? FLAG.clockUntrusted : 0,
      ];
    });
    await rig.store.ingest([batchOf(rows, { series: SERIES })]);

    await rig.store.ingest([batchOf([], { corrections: [[1, 200, AT - 60_000, 0, 3_600_000]] })]);

    const [left] = await rig.rows<{ untrusted: number }>(
      `SELECT count(*) AS untrusted FROM sensorgw.readings WHERE flags & ${FLAG.clockUntrusted} <> 0`,
    );
    expect(left?.untrusted).toBe(67);
    await expectSoundRollups(rig);
  });

  it('answers as a store in a file does', async () => {
    const rig = await createPostgresRig(server());
    const file = join(tempDir(), 'store.db');
    const world = createTestWorld();
    const inFile = createSqliteStore({ file, world });
    const looks = openStoreLooks(file);
    const { ask, close } = openPostgresLooks({ url: rig.url, program: 'test', clock: rig.world.clock });
    // Large enough for the file to put them in their places at once.
    for (let part = 0; part < 4; part += 1) {
      const rows = Array.from({ length: 600 }, (_, i): BatchRow => {
        const n = part * 600 + i;
        return [
          n + 1,
          n % 2,
          AT + ((n * 7_919) % 2_400) * 31_000,
          Math.sin(n),
          n % 50 === 0 ? FLAG.suspect : 0,
        ];
      });
      await inFile.ingest([batchOf(rows, { series: SERIES })]);
      await rig.store.ingest([batchOf(rows, { series: SERIES })]);
    }
    // A file sums up what comes as a backlog when that is through.
    await world.clock.advance(3_600_000);
    while (await inFile.maintain());

    const series = { limit: 10 };
    expect(await ask('series', series)).toEqual(looks.series(series));
    expect(await ask('latest', [2, 1, 77])).toEqual(looks.latest([2, 1, 77]));
    const pages = { id: 1, after: BEFORE_ALL, untilAt: AT + 10 * 86_400_000, limit: 500 };
    const first = await ask('rows', pages);
    expect(first).toEqual(looks.rows(pages));
    if (first.next === undefined) expect.fail('there is a second page');
    const rest = { ...pages, after: first.next };
    expect(await ask('rows', rest)).toEqual(looks.rows(rest));
    for (const level of [0, 1, 2]) {
      const look = { id: 2, level, fromAt: AT - (AT % 86_400_000), untilAt: AT + 86_400_000, limit: 100 };
      const [found, wanted] = [await ask('rollups', look), looks.rollups(look)];
      const exact = (page: typeof found) => page.summaries.map(({ mean: _, ...summary }) => summary);
      expect(found.nextAt).toBe(wanted.nextAt);
      expect(exact(found)).toEqual(exact(wanted));
    }
    expect(await ask('held')).toMatchObject({ rawFromAt: 0, levelFromAt: [0, 0, 0] });
    looks.close();
    await inFile.close();
    await close();
  });
});
