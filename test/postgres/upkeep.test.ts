/** Partitions of a store in PostgreSQL: made for whatever time a reading has, and dropped when it is old enough. */

import { expect, it } from 'vitest';
import type { BatchRow } from '../../lib/flow/batch.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import { partitionsOf } from '../../lib/flow/write-api/postgres/partitions.ts';
import {
  batchOf,
  createPostgresRig,
  describeOverPostgres,
  type PostgresRig,
} from '../support/postgres-rig.ts';

const DAY_MS = 86_400_000;
const JANUARY = Date.UTC(2026, 0, 20);
const MARCH = Date.UTC(2026, 2, 10);
const NOW = Date.UTC(2026, 5, 15);
const forDays = (rawDays: number) => ({
  rawMs: rawDays * DAY_MS,
  minuteMs: 2 * rawDays * DAY_MS,
  hourMs: 0,
  dayMs: 0,
});

async function namesOf(rig: PostgresRig, table: 'readings' | 'minutes' | 'hours'): Promise<string[]> {
  const found = await rig.session((session) => session.look((sql) => partitionsOf(sql, table)));
  return found.map(({ stretch }) => stretch.name).sort();
}

async function countOf(rig: PostgresRig, table: string): Promise<number> {
  const [row] = await rig.rows<{ count: number }>(`SELECT count(*) AS count FROM sensorgw.${table}`);
  return row?.count ?? 0;
}

/** Until nothing is left to be done. */
async function maintain(rig: PostgresRig): Promise<void> {
  for (let steps = 0; await rig.store.maintain(); steps += 1) if (steps > 100) expect.fail('it does not end');
}

describeOverPostgres('the upkeep of a store in PostgreSQL', (server) => {
  it('has a place for readings of any time that can be sent, without making one for each month of history', async () => {
    const rig = await createPostgresRig(server());
    const times = [0, Date.UTC(1999, 5, 1), JANUARY, Date.UTC(2031, 7, 3), Date.UTC(9999, 11, 31)];

    const [answer] = await rig.store.ingest([batchOf(times.map((at, i): BatchRow => [i + 1, 0, at, i]))]);

    expect(answer?.stored).toEqual([[1, times.length]]);
    expect(await namesOf(rig, 'readings')).toEqual(['2026_01', '2026_02', '2031_08', 'after', 'before']);
    expect(await countOf(rig, 'days')).toBe(times.length);
  });

  it('makes the month to come before it begins', async () => {
    const rig = await createPostgresRig(server());
    rig.world.clock.stepWall(NOW - rig.world.clock.wallMs());

    await maintain(rig);

    expect(await namesOf(rig, 'readings')).toEqual(expect.arrayContaining(['2026_06', '2026_07']));
  });

  it('drops whole months of readings before those of their rollups, and says so', async () => {
    const rig = await createPostgresRig(server(), { retention: forDays(60) });
    rig.world.clock.stepWall(NOW - rig.world.clock.wallMs());
    const rows = [JANUARY, MARCH, NOW].map((at, i): BatchRow => [i + 1, 0, at, i]);
    await rig.store.ingest([batchOf(rows)]);

    await maintain(rig);

    expect(await countOf(rig, 'readings')).toBe(1);
    // 120 days back is in February: January is gone, March is not.
    expect(await countOf(rig, 'minutes')).toBe(2);
    expect(await countOf(rig, 'hours')).toBe(3);
    expect(await namesOf(rig, 'readings')).not.toContain('2026_01');
    const dropped = rig.world.recorder.events.filter((one) => one.type === 'store.partitions_dropped');
    expect(dropped).toMatchObject([{ rawFromAt: Date.UTC(2026, 3, 1), readings: 0 }]);
    // What has left is still known: it is not stored again.
    expect(await rig.store.ingest([batchOf(rows)])).toMatchObject([{ stored: [], duplicate: [[1, 3]] }]);
  });

  it('takes a late reading of a month that another write API has dropped', async () => {
    const rig = await createPostgresRig(server());
    const other = await rig.openStore({ retention: forDays(60) });
    rig.world.clock.stepWall(NOW - rig.world.clock.wallMs());
    await rig.store.ingest([batchOf([[1, 0, JANUARY, 1]])]);
    await other.ingest([batchOf([[2, 0, NOW, 2]])]);
    while (await other.maintain());

    const [answer] = await rig.store.ingest([batchOf([[3, 0, JANUARY, 3]])]);

    expect(answer?.stored).toEqual([[3, 3]]);
    expect(await countOf(rig, 'readings')).toBe(2);
  });

  it('moves a reading to a month that another write API has dropped', async () => {
    const rig = await createPostgresRig(server());
    const other = await rig.openStore({ retention: forDays(60) });
    rig.world.clock.stepWall(NOW - rig.world.clock.wallMs());
    await rig.store.ingest([
      batchOf([
        [1, 0, JANUARY, 1],
        [2, 0, 5_000, 2, FLAG.clockUntrusted],
      ]),
    ]);
    await other.ingest([batchOf([[3, 0, NOW, 3]])]);
    while (await other.maintain());

    await rig.store.ingest([batchOf([], { corrections: [[2, 2, JANUARY, 0, 10_000]] })]);
    await maintain(rig);

    const left = await rig.rows<{ seq: number; at: number }>(
      'SELECT seq, at FROM sensorgw.readings ORDER BY seq',
    );
    expect(left).toEqual([
      { seq: 2, at: JANUARY + 5_000 },
      { seq: 3, at: NOW },
    ]);
  });

  it('keeps readings whose times nobody vouches for, beside which the others leave', async () => {
    const rig = await createPostgresRig(server(), { retention: forDays(60) });
    rig.world.clock.stepWall(NOW - rig.world.clock.wallMs());
    const many = Array.from({ length: 3_000 }, (_, i): BatchRow => [i + 1, 0, JANUARY + i, i]);
    await rig.store.ingest([batchOf(many)]);
    await rig.store.ingest([
      batchOf([
        [4_001, 0, JANUARY, 1, FLAG.clockUntrusted],
        [4_002, 0, 5_000, 1, FLAG.clockUntrusted],
        [4_003, 0, 5_000, 1],
        [4_004, 0, NOW, 1],
      ]),
    ]);

    await maintain(rig);

    const left = await rig.rows<{ seq: number }>('SELECT seq FROM sensorgw.readings ORDER BY seq');
    expect(left.map(({ seq }) => seq)).toEqual([4_001, 4_002, 4_004]);
  });

  it('forgets nothing because of a clock that is years ahead', async () => {
    const rig = await createPostgresRig(server(), { retention: forDays(60) });
    await rig.store.ingest([batchOf([[1, 0, JANUARY, 1]])]);
    rig.world.clock.stepWall(Date.UTC(2038, 0, 1) - rig.world.clock.wallMs());

    await maintain(rig);

    expect(await countOf(rig, 'readings')).toBe(1);
  });
});
