import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  readingsStoreContract,
  type StoreHarness,
} from '../../../../test/contract/readings-store.contract.ts';
import { thinnedReadingsContract } from '../../../../test/contract/thinned-readings.contract.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import { openDatabase } from '../../../base/sqlite.ts';
import type { BatchRow } from '../../batch.ts';
import { FLAG } from '../../reading.ts';
import type { IncomingBatch } from '../readings-store.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.ts';
import { storeFaultOf } from './sqlite-fault.ts';
import { openStoreReadOnly } from './sqlite-reader.ts';
import { createSqliteStore } from './sqlite-store.ts';

const createHarness = (): StoreHarness => {
  // A property opens one for each of its runs: too many for one clean-up at the end of the test.
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-store-'));
  const file = join(dir, 'store.db');
  const world = createTestWorld();
  return {
    open: async () => createSqliteStore({ file, world }),
    openReader: async () => openStoreReadOnly(file),
    dispose: async () => rmSync(dir, { recursive: true, force: true }),
  };
};
readingsStoreContract('SQLite', createHarness);
thinnedReadingsContract('SQLite', createHarness);

const open = (file: string, more: { seriesMax?: number; bytesMax?: number } = {}) =>
  createSqliteStore({ file, world: createTestWorld(), ...more });

const openRaw = (file: string) =>
  openDatabase({ file, applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS });

function batch(rows: readonly BatchRow[], sensors = ['roof']): IncomingBatch {
  const series = sensors.map((sensor) => ({
    gateway: 'attic',
    sensor,
    metric: 'temperature',
    unit: 'celsius',
  }));
  return {
    stream: 'teststream',
    gateway: 'attic',
    series,
    rows,
    refused: [],
    gone: [],
    sources: [],
    corrections: [],
  };
}

describe('the SQLite store', () => {
  it('can be read after the write API has stopped', async () => {
    const file = join(tempDir(), 'store.db');
    const store = open(file);
    await store.ingest([batch([[1, 0, 1_000, 20.5]])]);
    await store.close();

    const reader = openStoreReadOnly(file);
    const found = [];
    for await (const reading of reader.readings({ sinceAt: 0 })) found.push(reading);

    expect(found).toMatchObject([{ sensor: 'roof', value: 20.5, seq: 1 }]);
    await reader.close();
  });

  it('says store_busy while somebody else holds the lock, and stores the batch afterwards', async () => {
    const file = join(tempDir(), 'store.db');
    const store = open(file);
    const other = openRaw(file);
    other.exec('BEGIN IMMEDIATE');

    const busy = store.ingest([batch([[1, 0, 1_000, 1]])]);

    await expect(busy).rejects.toMatchObject({ name: 'StoreFault', code: 'store_busy' });
    expect(await store.health()).toMatchObject({ ok: true });
    other.exec('COMMIT');
    expect(await store.ingest([batch([[1, 0, 1_000, 1]])])).toMatchObject([{ stored: [[1, 1]] }]);
    other.close();
    await store.close();
  });

  it('says store_full at its bound, shows it in its health, and has stored nothing of that batch', async () => {
    const file = join(tempDir(), 'store.db');
    const store = open(file, { bytesMax: 256 * 1_024 });
    const rows = (from: number) =>
      Array.from({ length: 1_000 }, (_, i): BatchRow => [from + i, 0, from + i, 0.1]);
    let next = 1;
    const fill = async () => {
      for (; next < 100_000; next += 1_000) await store.ingest([batch(rows(next))]);
    };

    await expect(fill()).rejects.toMatchObject({ code: 'store_full' });

    expect(await store.health()).toMatchObject({ ok: false, code: 'store_full' });
    expect((await store.stream('teststream')).received).toEqual([[1, next - 1]]);
    expect(statSync(file).size).toBeLessThanOrEqual(256 * 1_024);
    await store.close();
  });

  it('says store_closed once it is closed', async () => {
    const store = open(join(tempDir(), 'store.db'));
    await store.close();

    await expect(store.ingest([batch([[1, 0, 1, 1]])])).rejects.toMatchObject({ code: 'store_closed' });
    expect(await store.health()).toMatchObject({ ok: false });
  });

  it('refuses readings of series beyond its bound by name and stores those of series that it has', async () => {
    const store = open(join(tempDir(), 'store.db'), { seriesMax: 2 });
    await store.ingest([batch([[1, 0, 1_000, 1]], ['a'])]);

    const [answer] = await store.ingest([
      batch(
        [
          [2, 0, 1_000, 1],
          [3, 1, 1_000, 1],
          [4, 2, 1_000, 1],
        ],
        ['a', 'b', 'c'],
      ),
    ]);

    expect(answer).toMatchObject({ stored: [[2, 3]], refused: [{ seq: 4, code: 'series_limit' }] });
    expect((await store.stream('teststream')).received).toEqual([[1, 3]]);
    await store.close();
  });

  it('forgets the series of a transaction that was rolled back', async () => {
    const file = join(tempDir(), 'store.db');
    const store = open(file);
    const doomed = batch([[1, 0, 1_000, Number.NaN]], ['doomed']);
    await expect(store.ingest([doomed])).rejects.toThrow(/NOT NULL/);

    await store.ingest([batch([[1, 0, 1_000, 1]], ['first'])]);
    await store.ingest([batch([[2, 0, 1_000, 2]], ['doomed'])]);

    const reader = openStoreReadOnly(file);
    const found = [];
    for await (const { sensor, value } of reader.readings({ sinceAt: 0 })) found.push({ sensor, value });
    expect(found).toEqual([
      { sensor: 'first', value: 1 },
      { sensor: 'doomed', value: 2 },
    ]);
    await reader.close();
    await store.close();
  });

  it('keeps one range for a stream that arrives in order, and reads no more than it touches', async () => {
    const file = join(tempDir(), 'store.db');
    const store = open(file);
    for (let seq = 1; seq <= 200; seq += 1) await store.ingest([batch([[seq, 0, seq, 1]])]);

    const raw = openRaw(file);
    expect(raw.prepare('SELECT lo, hi FROM received').all()).toEqual([{ lo: 1, hi: 200 }]);
    const plan = (sql: string) =>
      JSON.stringify(raw.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all());
    expect(plan('SELECT lo, hi FROM received WHERE stream = 1 AND lo <= 5 ORDER BY lo DESC LIMIT 1')).toMatch(
      /SEARCH received USING PRIMARY KEY \(stream=\? AND lo<\?\)/,
    );
    expect(
      plan(`SELECT at, stream, seq, value, flags FROM all_readings
            WHERE series = 1 AND (at, stream, seq) > (1, 1, 1) AND at <= 9 ORDER BY at, stream, seq LIMIT 5`),
    ).toMatch(/SEARCH readings USING PRIMARY KEY \(series=\? AND \(at,stream,seq\)>/);
    raw.close();
    await store.close();
  });

  it('knows a reading by its seq, whatever time it has been given since', async () => {
    const file = join(tempDir(), 'store.db');
    const store = open(file);
    await store.ingest([batch([[1, 0, 1_000, 20.5]])]);

    const [restamped] = await store.ingest([batch([[1, 0, 2_000, 20.5]])]);

    expect(restamped).toMatchObject({ stored: [], duplicate: [[1, 1]] });
    await store.close();
  });

  it('would store that reading twice without its received ranges', async () => {
    const file = join(tempDir(), 'store.db');
    const store = open(file);
    await store.ingest([batch([[1, 0, 1_000, 20.5]])]);
    const raw = openRaw(file);
    raw.exec('DELETE FROM received');

    await store.ingest([batch([[1, 0, 2_000, 20.5]])]);

    expect(raw.prepare('SELECT count(*) FROM all_readings').pluck().get()).toBe(2);
    raw.close();
    await store.close();
  });

  it('would count readings twice without its covered ranges', async () => {
    const file = join(tempDir(), 'store.db');
    const store = open(file);
    const mean: BatchRow = [1, 0, 1_000, 2, FLAG.thinned, [3, 1, 3, 1, 3, 20_000, 0, 1, 3]];
    await store.ingest([{ ...batch([mean]), sources: ['rawreadings'] }]);
    const raw = openRaw(file);
    raw.exec('DELETE FROM covered');

    const [answer] = await store.ingest([{ ...batch([[2, 0, 11_000, 2]]), stream: 'rawreadings' }]);

    expect(answer).toMatchObject({ stored: [[2, 2]] });
    raw.close();
    await store.close();
  });

  it('notes the gateway that delivers a stream now', async () => {
    const store = open(join(tempDir(), 'store.db'));
    await store.ingest([batch([[1, 0, 1, 1]])]);

    await store.ingest([{ ...batch([[2, 0, 2, 1]]), gateway: 'loft' }]);

    expect((await store.stream('teststream')).gateway).toBe('loft');
    await store.close();
  });

  it('sorts what SQLite throws into faults that pass and bugs that do not', () => {
    const coded = (code: string) => Object.assign(new Error(code), { code });
    const table = {
      SQLITE_BUSY: 'store_busy',
      SQLITE_BUSY_SNAPSHOT: 'store_busy',
      SQLITE_LOCKED: 'store_busy',
      SQLITE_FULL: 'store_full',
      SQLITE_IOERR: 'store_io',
      SQLITE_IOERR_FSYNC: 'store_io',
      SQLITE_READONLY_DBMOVED: 'store_io',
      SQLITE_CANTOPEN: 'store_io',
      SQLITE_NOMEM: 'store_io',
      SQLITE_CORRUPT: 'store_corrupt',
      SQLITE_CORRUPT_INDEX: 'store_corrupt',
      SQLITE_NOTADB: 'store_corrupt',
      SQLITE_CONSTRAINT_PRIMARYKEY: undefined,
      SQLITE_ERROR: undefined,
      SQLITE_MISUSE: undefined,
      ENOSPC: undefined,
    };

    const sorted = Object.fromEntries(Object.keys(table).map((code) => [code, storeFaultOf(coded(code))]));

    expect(sorted).toEqual(table);
    expect(storeFaultOf('a string')).toBeUndefined();
    expect(storeFaultOf(new TypeError('x is not a function'))).toBeUndefined();
  });

  it('says store_corrupt when the file is damaged underneath it', async () => {
    const file = join(tempDir(), 'store.db');
    const filled = open(file);
    for (let from = 1; from < 20_000; from += 1_000) {
      await filled.ingest([batch(Array.from({ length: 1_000 }, (_, i) => [from + i, 0, from + i, 0.5]))]);
    }
    await filled.close();
    const handle = openSync(file, 'r+');
    for (let at = 8_192; at < statSync(file).size; at += 4_096)
      writeSync(handle, randomBytes(2_048), 0, 2_048, at);
    closeSync(handle);
    const attempt = async () => {
      const store = open(file);
      try {
        await store.ingest([batch([[30_000, 0, 5_000, 1]])]);
      } finally {
        await store.close();
      }
    };

    const error = await attempt().catch((thrown: unknown) => thrown);

    expect(storeFaultOf(error) ?? (error as { code?: string }).code).toBe('store_corrupt');
  });
});
