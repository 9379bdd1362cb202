import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FLAG } from '../../lib/flow/reading.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { readings } from './readings.ts';

const SERIES = [
  { gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' },
  { gateway: 'attic', sensor: 'cpu', metric: 'load1', unit: 'ratio' },
];

/** A store with `n` readings, one a second up to now, of two series in turn. */
async function fill(dataDir: string, n: number): Promise<void> {
  const store = createSqliteStore({ file: join(dataDir, 'store.db'), world: createTestWorld() });
  const rows = Array.from(
    { length: n },
    (_, i) => [i + 1, i % 2, INCIDENT_AT - (n - 1 - i) * 1_000, i / 3] as [number, number, number, number],
  );
  await store.ingest([
    {
      stream: 'commandstream',
      gateway: 'attic',
      series: SERIES,
      rows,
      refused: [],
      gone: [],
      sources: [],
      corrections: [],
    },
  ]);
  await store.close();
}

describe('sensorctl readings', () => {
  it('prints one JSON object a line, the oldest first, each with its seq', async () => {
    const { dataDir, run } = commandRig();
    await fill(dataDir, 4);

    const { exitCode, out, notes } = await run(readings, { json: true, since: '1m' });

    expect(exitCode).toBe(0);
    expect(notes).toEqual([]);
    expect(out.map((line) => JSON.parse(line).seq)).toEqual([1, 2, 3, 4]);
    expect(JSON.parse(out[3] ?? '')).toEqual({
      gateway: 'attic',
      sensor: 'cpu',
      metric: 'load1',
      unit: 'ratio',
      at: '2026-01-15T16:09:35.000Z',
      value: 1,
      stream: 'commandstream',
      seq: 4,
    });
  });

  it.each([
    [{ since: '2s' }, [2, 3, 4]],
    [{ since: '1m', until: '2s' }, [1, 2]],
    [{ sensor: 'roof' }, [1, 3]],
    [{ metric: 'load1' }, [2, 4]],
    [{ gateway: 'cellar' }, []],
    [{ limit: '3' }, [1, 2, 3]],
    [{ since: '2026-01-15T16:09:35Z' }, [4]],
  ])('with %j prints the readings %j', async (options, seqs) => {
    const { dataDir, run } = commandRig();
    await fill(dataDir, 4);

    const { out } = await run(readings, { json: true, ...options });

    expect(out.map((line) => JSON.parse(line).seq)).toEqual(seqs);
  });

  it('prints a table for people, and the count beside it', async () => {
    const { dataDir, run } = commandRig();
    await fill(dataDir, 2);

    const { out, notes } = await run(readings);

    expect(out[0]).toMatch(/^time +gateway +sensor +metric +value +unit$/);
    expect(out[2]).toMatch(/ attic +cpu +load1 +0\.333333 +ratio$/);
    expect(notes).toEqual(['2 readings']);
  });

  it('says of a mean that it is one, and of a time that nobody vouched for it', async () => {
    const { dataDir, run } = commandRig();
    const store = createSqliteStore({ file: join(dataDir, 'store.db'), world: createTestWorld() });
    const at = INCIDENT_AT - 600_000;
    await store.ingest([
      {
        stream: 'meansstream',
        gateway: 'attic',
        series: SERIES,
        rows: [
          [1, 0, at, 20.4, FLAG.thinned, [360, 19.8, 21.3, 20, 21, 590_000, 0, 1, 720]],
          [2, 0, at + 1_000, 20.5, FLAG.clockUntrusted],
        ],
        refused: [],
        gone: [],
        sources: ['commandstream'],
        corrections: [],
      },
    ]);
    await store.close();

    const { out } = await run(readings);
    const json = (await run(readings, { json: true })).out.map((line) => JSON.parse(line));

    expect(out[1]).toMatch(/ 20\.4 +celsius \(mean of 360, 19\.8 to 21\.3, 10 min\)$/);
    expect(out[2]).toMatch(/ 20\.5 +celsius \(clock not trusted\)$/);
    expect(json[0].mean_of).toEqual({
      count: 360,
      min: 19.8,
      max: 21.3,
      first: 20,
      last: 21,
      span_s: 590,
      stream: 'commandstream',
      lo: 1,
      hi: 720,
    });
    expect(json[1]).toMatchObject({ value: 20.5, clock_untrusted: true });
    expect(json[1]).not.toHaveProperty('mean_of');
  });

  it('says so when there is nothing', async () => {
    const { dataDir, run } = commandRig();
    await fill(dataDir, 1);

    expect((await run(readings, { sensor: 'none' })).notes[0]).toMatch(/^No readings since .* that match\./);
  });

  it('exits with 69 and says where it has looked when there is no store', async () => {
    const { dataDir, run } = commandRig();

    await expect(run(readings)).rejects.toMatchObject({
      code: 'SGW_DATABASE_MISSING',
      exitCode: 69,
      message: expect.stringContaining(dataDir),
    });
  });

  it.each([
    [{ since: 'nonsense' }, '--since: "nonsense" is not a time'],
    [{ limit: '0' }, '--limit: "0" is not a whole number'],
    [{ limit: '1e3' }, '--limit: "1e3" is not a whole number'],
    [{ since: '1m', until: '2m' }, '--until lies before --since'],
  ])('refuses %j before it opens anything', async (options, told) => {
    await expect(commandRig().run(readings, options)).rejects.toThrow(told);
  });

  it('finds the data of npm start without being told, and says so to a person', async () => {
    const packageDir = tempDir();
    mkdirSync(join(packageDir, 'data'));
    const { dataDir, environment, run } = commandRig({ packageDir });
    await fill(dataDir, 2);
    cpSync(dataDir, join(packageDir, 'data'), { recursive: true });
    delete environment.SENSORGW_DATA_DIR;

    const { out, notes } = await run(readings);
    const json = await run(readings, { json: true });

    expect(out).toHaveLength(3);
    expect(notes[0]).toContain(join(packageDir, 'data'));
    expect(json.out).toHaveLength(2);
    expect(json.notes).toEqual([]);
  });
});
