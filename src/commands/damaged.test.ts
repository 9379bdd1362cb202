/**
 * Goal: a command that looks at a damaged database says which file it is and who mends it, and ends as the class of
 * that failure says. Method: real files with rubbish in all pages but the first, or only in those that are read last.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { EXIT } from '../../lib/base/errors.ts';
import type { BatchRow } from '../../lib/flow/batch.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { backupCreate } from './backup-create.ts';
import { breakerShow } from './breaker.ts';
import { chart } from './chart.ts';
import type { Command, CommandContext } from './command.ts';
import { deadList } from './dead-list.ts';
import { gaps } from './gaps.ts';
import { outboxExport } from './outbox-export.ts';
import { outboxPeek } from './outbox-peek.ts';
import { outboxStat } from './outbox-stat.ts';
import { readings } from './readings.ts';
import { status } from './status.ts';
import { tail } from './tail.ts';
import { verify } from './verify.ts';
import { why } from './why.ts';

const STORED = 3_000;

/** An outbox and a store with readings in them, both at rest in one file each. */
async function gateway() {
  const rig = commandRig();
  const outboxFile = join(rig.dataDir, 'outbox.db');
  const { outbox } = tempOutbox({ file: outboxFile });
  outbox.append(someReadings(500));
  outbox.close();
  const storeFile = join(rig.dataDir, 'store.db');
  const store = createSqliteStore({ file: storeFile, world: createTestWorld() });
  await store.ingest([
    {
      stream: 'teststream',
      gateway: 'pi',
      series: [{ gateway: 'pi', sensor: 'roof', metric: 'temperature', unit: 'celsius' }],
      rows: Array.from({ length: STORED }, (_, i): BatchRow => [i + 1, 0, INCIDENT_AT - STORED + i, 20]),
      refused: [],
      gone: [],
      sources: [],
      corrections: [],
    },
  ]);
  await store.close();
  return { ...rig, outboxFile, storeFile };
}

function spoilAfterFirstPage(file: string): void {
  const bytes = readFileSync(file);
  const pageBytes = bytes.readUInt16BE(16);
  writeFileSync(file, bytes.fill(0xa5, pageBytes));
}

/** Of the table, the page in which its last rows are. */
function spoilLastPageOf(file: string, table: string): void {
  const database = new Database(file, { readonly: true });
  const pageno = database
    .prepare<[string], number>("SELECT max(pageno) FROM dbstat WHERE name = ? AND pagetype = 'leaf'")
    .pluck()
    .get(table);
  const pageBytes = Number(database.pragma('page_size', { simple: true }));
  database.close();
  const bytes = readFileSync(file);
  bytes.fill(0xa5, ((pageno ?? 0) - 1) * pageBytes, (pageno ?? 0) * pageBytes);
  writeFileSync(file, bytes);
}

const OF_THE_STORE: readonly (readonly [Command, CommandContext['options']])[] = [
  [readings, {}],
  [tail, { 'no-follow': true }],
  [chart, { SENSOR: 'roof', METRIC: 'temperature' }],
  [gaps, {}],
  [backupCreate, {}],
];

const OF_THE_OUTBOX: readonly (readonly [Command, CommandContext['options']])[] = [
  [outboxStat, {}],
  [outboxPeek, {}],
  [outboxExport, {}],
  [deadList, {}],
  [breakerShow, {}],
  [why, {}],
  [verify, {}],
  [gaps, {}],
  [backupCreate, {}],
];

it.each(OF_THE_STORE.map(([command, options]) => ({ name: command.name, command, options })))(
  '$name names a store that is damaged, and who mends it',
  async ({ command, options }) => {
    const rig = await gateway();
    spoilAfterFirstPage(rig.storeFile);

    await expect(rig.run(command, options)).rejects.toMatchObject({
      code: 'SGW_STORE_DAMAGED',
      exitCode: EXIT.ioError,
      message: expect.stringContaining(`the store ${rig.storeFile} is damaged: `),
      hint: expect.stringContaining('systemctl restart sensor-api-write'),
    });
  },
);

it.each(OF_THE_OUTBOX.map(([command, options]) => ({ name: command.name, command, options })))(
  '$name names an outbox that is damaged, and who mends it',
  async ({ command, options }) => {
    const rig = await gateway();
    spoilAfterFirstPage(rig.outboxFile);

    await expect(rig.run(command, options)).rejects.toMatchObject({
      code: 'SGW_OUTBOX_DAMAGED',
      exitCode: EXIT.ioError,
      message: expect.stringContaining(`the outbox ${rig.outboxFile} is damaged: `),
      hint: expect.stringContaining('systemctl restart sensor-main'),
    });
  },
);

it('readings that are legible are printed before the damage is met', async () => {
  const rig = await gateway();
  spoilLastPageOf(rig.storeFile, 'readings');
  const printed: string[] = [];

  const run = readings.run({
    options: { json: true },
    json: true,
    terminal: { out: async (line) => void printed.push(line), note: () => {}, colours: false },
    environment: rig.environment,
    wallMs: () => INCIDENT_AT,
    hostName: 'pi',
    packageDir: rig.dataDir,
  });

  await expect(run).rejects.toMatchObject({ code: 'SGW_STORE_DAMAGED' });
  expect(printed.length).toBeGreaterThan(0);
  expect(printed.length).toBeLessThan(STORED);
});

it('status tells of both among everything else', async () => {
  const rig = await gateway();
  spoilAfterFirstPage(rig.storeFile);
  spoilAfterFirstPage(rig.outboxFile);

  const { exitCode, out } = await rig.run(status);

  expect(exitCode).toBe(EXIT.failed);
  expect(out.join('\n')).toContain(`the store ${rig.storeFile} is damaged`);
  expect(out.join('\n')).toContain(`the outbox ${rig.outboxFile} is damaged`);
});

it('a bug of ours is not called damage', async () => {
  const rig = await gateway();
  const database = new Database(rig.storeFile);
  database.exec('DROP VIEW all_readings');
  database.close();

  await expect(rig.run(readings)).rejects.toThrow(/no such table: all_readings/);
});
