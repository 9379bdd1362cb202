import { statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import { openDatabase } from '../../../base/sqlite.ts';
import type { BatchRow, Correction } from '../../batch.ts';
import { FLAG } from '../../reading.ts';
import { STORE_PAGE_BYTES } from '../limits.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.ts';
import { openStoreReadOnly } from './sqlite-reader.ts';
import { createSqliteStore } from './sqlite-store.ts';

const SENSORS = 40;
/** A page in the log of SQLite, behind its header. */
const FRAME_BYTES = STORE_PAGE_BYTES + 24;

/** One reading of each sensor. */
const round = (n: number): BatchRow[] =>
  Array.from({ length: SENSORS }, (_, i) => [n * SENSORS + i + 1, i, 10_000 * (n + 1), n + i / 100]);

const rounds = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => round(from + n)).flat();

function tempStore() {
  const file = join(tempDir(), 'store.db');
  const store = createSqliteStore({ file, world: createTestWorld() });
  const raw = openDatabase({ file, applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS });
  onTestFinished(async () => {
    raw.close();
    await store.close();
  });
  const ingest = async (rows: readonly BatchRow[], corrections: readonly Correction[] = []) => {
    const series = Array.from({ length: SENSORS }, (_, i) => ({
      gateway: 'attic',
      sensor: `sensor-${i}`,
      metric: 'temperature',
      unit: 'celsius',
    }));
    const rest = { refused: [], gone: [], sources: [], corrections };
    const [answer] = await store.ingest([{ stream: 'teststream', gateway: 'attic', series, rows, ...rest }]);
    return answer;
  };
  const count = (table: string) => raw.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get();
  const all = async () => {
    const reader = openStoreReadOnly(file);
    const found = [];
    for await (const { seq, at, value, sensor, flags } of reader.readings({ sinceAt: 0 }))
      found.push({ seq, at, value, sensor, flags });
    await reader.close();
    return found;
  };
  /** Pages that are written to the log meanwhile. */
  const pagesWritten = async (work: () => Promise<unknown>) => {
    const before = statSync(`${file}-wal`).size;
    await work();
    return (statSync(`${file}-wal`).size - before) / FRAME_BYTES;
  };
  return { file, store, raw, ingest, count, all, pagesWritten };
}

describe('recent readings', () => {
  it('of a round are written with a few pages, however many series they are of', async () => {
    const { ingest, pagesWritten, count } = tempStore();
    await ingest(rounds(0, 100));
    await ingest(round(100));

    const pages = [];
    for (let n = 101; n < 111; n += 1) pages.push(await pagesWritten(() => ingest(round(n))));

    // A page for their ranges, two for what they are, and now and then those that keep account of pages.
    expect(Math.max(...pages)).toBeLessThan(SENSORS / 5);
    expect(count('recent_readings')).toBe(11 * SENSORS);
  });

  it('would dirty a page for each series in their places (the twin of the test above)', async () => {
    const { ingest, pagesWritten, raw } = tempStore();
    await ingest(rounds(0, 100));
    const place = raw.prepare('INSERT INTO readings VALUES (?, ?, 1, ?, ?, 0)');

    const pages = await pagesWritten(async () => {
      raw.transaction(() => {
        for (const [seq, index, at, value] of round(100)) place.run(index + 1, at, seq, value);
      })();
    });

    expect(pages).toBeGreaterThanOrEqual(SENSORS);
  });

  it('go to their places together when there are two thousand, and none is there twice', async () => {
    const { ingest, count, all } = tempStore();
    for (let n = 0; n < 49; n += 1) await ingest(round(n));
    const before = { recent: count('recent_readings'), inPlace: count('readings') };

    await ingest(round(49));

    expect(before).toEqual({ recent: 1_960, inPlace: 0 });
    expect({ recent: count('recent_readings'), inPlace: count('readings') }).toEqual({
      recent: 0,
      inPlace: 2_000,
    });
    expect((await all()).map(({ seq }) => seq)).toEqual(Array.from({ length: 2_000 }, (_, i) => i + 1));
  });

  it('are not waited for by a large batch, which goes to its places at once', async () => {
    const { ingest, count } = tempStore();
    await ingest(round(0));

    await ingest(rounds(1, 25));

    expect({ recent: count('recent_readings'), inPlace: count('readings') }).toEqual({
      recent: SENSORS,
      inPlace: 25 * SENSORS,
    });
  });

  it('are recognised when they come again, before and after they have moved', async () => {
    const { ingest, count } = tempStore();
    for (let n = 0; n < 49; n += 1) await ingest(round(n));

    const before = await ingest(round(3));
    await ingest(round(49));
    const after = await ingest(round(3));

    expect(before).toMatchObject({ stored: [], duplicate: [[121, 160]] });
    expect(after).toMatchObject({ stored: [], duplicate: [[121, 160]] });
    expect(count('all_readings')).toBe(2_000);
  });

  it('are corrected like all others', async () => {
    const { ingest, all } = tempStore();
    const untrusted = round(0).map(
      ([seq, index, at, value]): BatchRow => [seq, index, at, value, FLAG.clockUntrusted],
    );
    await ingest(untrusted);

    await ingest([], [[1, SENSORS, 5_000, 0, 20_000]]);

    const found = await all();
    expect(found).toHaveLength(SENSORS);
    expect(new Set(found.map(({ at, flags }) => `${at} ${flags}`))).toEqual(new Set(['15000 0']));
  });

  it('are in the summary', async () => {
    const { ingest, file } = tempStore();
    await ingest(rounds(5, 10));
    await ingest(round(20));
    await ingest(round(2));

    const reader = openStoreReadOnly(file);
    const summary = await reader.summary();
    await reader.close();

    expect(summary).toMatchObject({ received: 12 * SENSORS, oldestAt: 30_000, newestAt: 210_000 });
  });

  it('are not kept from their places by one that damage has left there already', async () => {
    const { ingest, count, raw } = tempStore();
    await ingest(round(0));
    raw.exec('INSERT INTO readings SELECT * FROM recent_readings WHERE seq = 7');

    for (let n = 1; n < 50; n += 1) await ingest(round(n));

    expect({ recent: count('recent_readings'), inPlace: count('readings') }).toEqual({
      recent: 0,
      inPlace: 2_000,
    });
  });

  it('and those in their places are read as one, in order, whatever the sizes of the batches', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (lengths, newestFirst) => {
        const { ingest, all } = tempStore();
        const rows = rounds(0, Math.ceil(lengths.reduce((sum, n) => sum + n, 0) / SENSORS));
        const batches: BatchRow[][] = [];
        for (const [i, n] of lengths.entries()) {
          const from = lengths.slice(0, i).reduce((sum, one) => sum + one, 0);
          batches.push(rows.slice(from, from + n));
        }
        for (const one of newestFirst ? batches.toReversed() : batches) await ingest(one);

        const sent = batches.flat().map(([seq, index, at, value]) => ({
          seq,
          at,
          value,
          sensor: `sensor-${index}`,
          flags: 0,
        }));
        expect(await all()).toEqual(sent.sort((a, b) => a.at - b.at || a.seq - b.seq));
      }),
      { numRuns: 25 },
    );
  });

  it('cost those who look for a place in time no walk over all readings', () => {
    const { raw } = tempStore();
    const plan = (sql: string) =>
      JSON.stringify(raw.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all());

    expect(plan('SELECT at FROM all_readings WHERE series = 1 AND at >= 5')).toMatch(
      /SEARCH readings USING PRIMARY KEY \(series=\? AND at>\?\).*SCAN recent_readings/,
    );
  });
});
