import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SeriesKey } from '../../lib/flow/write-api/readings-store.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { createTail } from './tail.ts';

const ROOF: SeriesKey = { gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' };

function storeIn(dataDir: string, stream = 'tailstream', name = 'store.db') {
  const store = createSqliteStore({ file: join(dataDir, name), world: createTestWorld() });
  let seq = 0;
  return {
    ...store,
    async put(at: number, value: number, series = ROOF) {
      seq += 1;
      const rows = [[seq, 0, at, value] as [number, number, number, number]];
      const nothing = { refused: [], gone: [], sources: [], corrections: [] };
      await store.ingest([{ stream, gateway: 'attic', series: [series], rows, ...nothing }]);
    },
  };
}

/** Follows while these things happen, one before each look, and ends with the last. */
function following(...events: (() => unknown)[]) {
  const rig = commandRig();
  let readers = true;
  const clock = {
    async sleep() {
      const next = events.shift();
      if (next === undefined) readers = false;
      else await next();
    },
  };
  const run = (options = {}) => {
    const tail = createTail({ clock });
    return rig.run(
      {
        ...tail,
        run: (context) => tail.run({ ...context, terminal: { ...context.terminal, isRead: () => readers } }),
      },
      { json: true, ...options },
    );
  };
  return { ...rig, events, run };
}

const valuesIn = (out: readonly string[]) => out.map((line) => JSON.parse(line).value);

it('begins with the last ones, shows each new one once, and leaves out what comes late', async () => {
  const rig = following();
  const store = storeIn(rig.dataDir);
  for (let i = 0; i < 30; i += 1) await store.put(INCIDENT_AT - (30 - i) * 10_000, i);
  rig.events.push(
    () => store.put(INCIDENT_AT, 100),
    () => store.put(INCIDENT_AT - 3_600_000, -1),
    () => store.put(INCIDENT_AT + 500, 101),
  );

  const { exitCode, out } = await rig.run({ lines: '3' });

  expect(exitCode).toBe(0);
  expect(valuesIn(out)).toEqual([27, 28, 29, 100, 101]);
  await store.close();
});

it('looks back as far as it takes, and shows only what was asked for', async () => {
  const rig = following();
  const store = storeIn(rig.dataDir);
  await store.put(INCIDENT_AT - 30 * 86_400_000, 1);
  await store.put(INCIDENT_AT - 86_400_000, 2);
  await store.put(INCIDENT_AT, 3, { ...ROOF, sensor: 'cellar' });

  expect(valuesIn((await rig.run({ sensor: 'roof', 'no-follow': true })).out)).toEqual([1, 2]);
  expect(valuesIn((await rig.run({ lines: '1', 'no-follow': true })).out)).toEqual([3]);
  const table = await rig.run({ json: false, 'no-follow': true });
  expect(table.out[0]).toMatch(/^time +gateway +sensor/);
  expect(table.out).toHaveLength(4);
  await store.close();
});

it('goes on with the file that takes the place of the one it reads', async () => {
  const rig = following();
  const store = storeIn(rig.dataDir);
  await store.put(INCIDENT_AT, 1);
  await store.close();
  const other = storeIn(rig.dataDir, 'otherstream', 'other.db');
  await other.put(INCIDENT_AT, 2);
  await other.close();
  rig.events.push(() => renameSync(join(rig.dataDir, 'other.db'), join(rig.dataDir, 'store.db')));

  expect(valuesIn((await rig.run()).out)).toEqual([1, 2]);
});

it('says what is wrong where there is no store', async () => {
  const rig = following();
  await expect(rig.run()).rejects.toMatchObject({ code: 'SGW_DATABASE_MISSING' });
});
