/**
 * Goal: whatever damage does to a store's file, each reading that it had received is in the fresh store once, or named
 * there as gone. Method: pages of a real file are overwritten, and the store is opened as the program opens it.
 */

import { closeSync, openSync, readdirSync, readlinkSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rawStore, STORE_AT, storeBatch } from '../../../../test/support/raw-store.ts';
import { expectSameRollups, plainRollups, rollupsIn } from '../../../../test/support/rollup-audit.ts';
import { createSeededRandom } from '../../../../test/support/seeded-random.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import { openDatabase, type SqliteDatabase } from '../../../base/sqlite.ts';
import type { BatchRow } from '../../batch.ts';
import { FLAG } from '../../reading.ts';
import { countOf, difference, intersection, union } from '../../seq-ranges.ts';
import { openStoreSafely, type SafeStoreOptions } from './quarantined-stores.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.ts';
import type { SqliteStore, SqliteStoreOptions } from './sqlite-store.ts';

const ROWS = 6_000;
const PAGE_BYTES = 1_024;

const plainRow = (seq: number): BatchRow => [seq, seq % 3, STORE_AT + seq * 10_000, (seq % 40) / 8];

/** A store that has been closed, with plain, thinned, untrusted and suspect readings and a gap that is explained. */
async function filledFile(options: Partial<SqliteStoreOptions> = {}): Promise<string> {
  const { store, file, raw, settle } = rawStore(options);
  const rows = Array.from({ length: ROWS }, (_, i) => plainRow(i + 1));
  for (let from = 0; from < ROWS; from += 1_000)
    await store.ingest([storeBatch(rows.slice(from, from + 1_000))]);
  const more: BatchRow[] = [
    [ROWS + 11, 0, STORE_AT, 2, FLAG.thinned, [3, 1, 3, 1, 3, 20_000, 0, 1, 3]],
    [ROWS + 12, 1, STORE_AT + 5, 7, FLAG.clockUntrusted],
    [ROWS + 13, 2, STORE_AT + 6, 8, FLAG.suspect],
  ];
  await store.ingest([{ ...storeBatch(more), gone: [[ROWS + 1, ROWS + 10, 'shed']] }]);
  settle();
  // These few stay in the order of arrival.
  await store.ingest([storeBatch([plainRow(ROWS + 14), plainRow(ROWS + 15)])]);
  raw.close();
  await store.close();
  return file;
}

function overwrite(file: string, pages: readonly number[]): void {
  const handle = openSync(file, 'r+');
  for (const page of pages)
    writeSync(handle, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, page * PAGE_BYTES);
  closeSync(handle);
}

function opened(file: string, options: Partial<SafeStoreOptions> = {}) {
  const world = createTestWorld();
  const damages: unknown[] = [];
  const store = openStoreSafely({ file, world, onDamage: (error) => damages.push(error), ...options });
  const raw = openDatabase({ file, applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS });
  onTestFinished(async () => {
    raw.close();
    await store.close();
  });
  return { store, raw, world, damages };
}

async function maintained(store: SqliteStore): Promise<void> {
  while (await store.maintain());
}

/** Rollups with series numbered by their names: ids are the file's own affair. */
function byName(raw: SqliteDatabase) {
  const ids = raw.prepare<[], number>('SELECT id FROM series ORDER BY sensor').pluck().all();
  return rollupsIn(raw)
    .map((one) => ({ ...one, series: ids.indexOf(one.series) }))
    .sort((a, b) => a.level - b.level || a.series - b.series || a.at - b.at || a.flags - b.flags);
}

/** What the stream has received and what it has been told is gone, as ranges. */
async function accountOf(store: SqliteStore) {
  const { received, gone } = await store.stream('teststream');
  return {
    received,
    gone: gone.map(([lo, hi]) => [lo, hi] as const),
    causes: new Set(gone.map(([, , why]) => why)),
  };
}

describe('a store whose file is damaged', () => {
  it('is replaced by a fresh one, which takes readings at once and gets back everything that was legible', async () => {
    const file = await filledFile();
    // The header and the schema: nothing opens it any more.
    overwrite(file, [0]);

    const { store, raw, world } = opened(file);
    const [first] = await store.ingest([storeBatch([plainRow(ROWS + 20)])]);
    await maintained(store);

    expect(first).toMatchObject({ stored: [[ROWS + 20, ROWS + 20]] });
    expect(await accountOf(store)).toMatchObject({
      received: [
        [1, ROWS],
        [ROWS + 11, ROWS + 15],
        [ROWS + 20, ROWS + 20],
      ],
      gone: [[ROWS + 1, ROWS + 10]],
    });
    const rows = raw.prepare<[], number[]>('SELECT seq, count(*) FROM all_readings GROUP BY seq').raw().all();
    expect(rows).toHaveLength(ROWS + 6);
    expect(rows.every(([, count]) => count === 1)).toBe(true);
    expect(raw.prepare('SELECT count, lo, hi FROM thinned').all()).toEqual([{ count: 3, lo: 1, hi: 3 }]);
    expectSameRollups(rollupsIn(raw), plainRollups(raw));
    expect(world.recorder.events.map(({ type }) => type)).toEqual([
      'store.quarantined',
      'store.salvaged',
      'store.rolled_up',
    ]);
    expect(readdirSync(join(dirname(file), 'quarantine'))).toHaveLength(1);
  });

  it('has each reading once, or names it as gone, whichever pages are lost', async () => {
    const random = createSeededRandom(7);
    for (let turn = 0; turn < 6; turn += 1) {
      const file = await filledFile();
      const pages = statSync(file).size / PAGE_BYTES;
      const lost = Array.from({ length: 1 + turn * 6 }, () => Math.floor(random.fraction() * pages));
      overwrite(file, [0, ...lost]);

      const { store, raw } = opened(file);
      await maintained(store);

      const { received, gone } = await accountOf(store);
      const seqs = raw.prepare<[], number>('SELECT seq FROM all_readings ORDER BY seq').pluck().all();
      expect(new Set(seqs).size).toBe(seqs.length);
      expect(countOf(received)).toBe(seqs.length);
      expect(intersection(received, gone)).toEqual([]);
      // Where the page with the received ranges itself is lost, only what is there can be accounted for.
      const whole = union(received, gone);
      const known = raw
        .prepare<[], number>("SELECT count(*) FROM gone WHERE cause = 'corrupt'")
        .pluck()
        .get();
      if (known !== 0) expect(countOf(difference([[1, ROWS]], whole))).toBe(0);
      expectSameRollups(rollupsIn(raw), plainRollups(raw));

      // A reader that still has them sends everything again.
      const rows = Array.from({ length: ROWS }, (_, i) => plainRow(i + 1));
      for (let from = 0; from < ROWS; from += 2_000)
        await store.ingest([storeBatch(rows.slice(from, from + 2_000))]);
      expect(
        raw.prepare('SELECT count(*), count(DISTINCT seq) FROM all_readings WHERE seq <= ?').raw().get(ROWS),
      ).toEqual([ROWS, ROWS]);
    }
  });

  it('does not store twice what has been sent again before it was salvaged', async () => {
    const file = await filledFile();
    overwrite(file, [0]);
    const { store, raw } = opened(file);
    await store.ingest([storeBatch(Array.from({ length: 1_000 }, (_, i) => plainRow(i + 501)))]);

    await maintained(store);

    expect(raw.prepare('SELECT count(*), count(DISTINCT seq) FROM all_readings').raw().get()).toEqual([
      ROWS + 5,
      ROWS + 5,
    ]);
  });

  it('begins anew when its salvage is cut off, and counts nothing twice', async () => {
    const file = await filledFile();
    overwrite(file, [0]);
    const before = openStoreSafely({ file, world: createTestWorld(), onDamage: () => {} });
    for (let step = 0; step < 40; step += 1) await before.maintain();
    await before.close();

    const { store, raw } = opened(file);
    await maintained(store);

    expect(raw.prepare('SELECT count(*), count(DISTINCT seq) FROM all_readings').raw().get()).toEqual([
      ROWS + 5,
      ROWS + 5,
    ]);
    expectSameRollups(rollupsIn(raw), plainRollups(raw));
  });

  it('keeps the rollups of readings that had left because of their age, and what was received of them', async () => {
    const day = 86_400_000;
    const world = createTestWorld({ wallMs: STORE_AT + 20 * day });
    const retention = { rawMs: 2 * day, minuteMs: 0, hourMs: 0, dayMs: 0 };
    const { store, file, raw, settle } = rawStore({ world, retention });
    const rows = Array.from(
      { length: 6_000 },
      (_, i): BatchRow => [i + 1, i % 3, STORE_AT + i * 250_000, (i % 40) / 8],
    );
    for (let from = 0; from < 6_000; from += 1_000)
      await store.ingest([storeBatch(rows.slice(from, from + 1_000))]);
    settle();
    await world.clock.advance(60_000);
    await maintained(store);
    const rollups = byName(raw);
    raw.close();
    await store.close();
    overwrite(file, [0]);

    const fresh = opened(file, { world, retention });
    await maintained(fresh.store);

    expectSameRollups(byName(fresh.raw), rollups);
    expect(await accountOf(fresh.store)).toMatchObject({ received: [[1, 6_000]], gone: [] });
  });

  it('notes damage that it meets while running, and the next start begins a fresh file', async () => {
    const file = await filledFile();
    const { store, raw, damages } = opened(file);
    await store.ingest([storeBatch([plainRow(ROWS + 30)])]);
    // After a commit of somebody else the store looks at the file again, and not at what it remembers.
    raw.exec('UPDATE store SET thinned_rows = thinned_rows');
    raw.pragma('wal_checkpoint(TRUNCATE)');
    const pages = statSync(file).size / PAGE_BYTES;
    overwrite(
      file,
      Array.from({ length: pages - 1 }, (_, i) => i + 1),
    );

    const answer = store.ingest([
      storeBatch(Array.from({ length: 3_000 }, (_, i) => plainRow(ROWS + 40 + i))),
    ]);

    await expect(answer).rejects.toMatchObject({ code: 'store_corrupt' });
    expect(damages).toHaveLength(1);
    await store.close();
    expect(await opened(file).store.ingest([storeBatch([plainRow(1)])])).toMatchObject([
      { stored: [[1, 1]] },
    ]);
  });

  it('does not stay in quarantine beyond its bounds, and not before it is salvaged', async () => {
    const file = await filledFile();
    overwrite(file, [0]);
    const shelf = { bytesMax: 1_024, diskReserveBytes: 0 };
    const { store, world } = opened(file, { shelf });
    await store.maintain();
    const before = readdirSync(join(dirname(file), 'quarantine'));

    await maintained(store);

    expect(before).toHaveLength(1);
    expect(readdirSync(join(dirname(file), 'quarantine'))).toEqual([]);
    expect(world.recorder.events.map(({ type }) => type)).toContain('store.quarantine_removed');
  });

  it('is left alone when it is whole', async () => {
    const file = await filledFile();

    const { store, world } = opened(file);

    expect(await accountOf(store)).toMatchObject({
      received: [
        [1, ROWS],
        [ROWS + 11, ROWS + 15],
      ],
    });
    expect(world.recorder.events).toEqual([]);
  });
});

describe('a store that opens, and whose own tables are damaged', () => {
  it('is closed before it is moved aside', async () => {
    const file = await filledFile();
    const raw = openDatabase({ file, applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS });
    const page = raw
      .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'store'")
      .pluck()
      .get();
    const pageBytes = Number(raw.pragma('page_size', { simple: true }));
    raw.close();
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, ((page ?? 0) - 1) * pageBytes);
    closeSync(handle);

    const { world } = opened(file);

    expect(world.recorder.of('store.quarantined')).toHaveLength(1);
    expect(openIn(join(dirname(file), 'quarantine'))).toEqual([]);
  });
});

/** What this process has open below a directory. */
function openIn(dir: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const name = readlinkSync(join('/proc/self/fd', fd));
      return name.startsWith(dir) ? [name] : [];
    } catch {
      return []; // The one with which it was listed.
    }
  });
}
