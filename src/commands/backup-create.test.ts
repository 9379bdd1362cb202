import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { acquireInstanceLock } from '../../lib/base/instance-lock.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { offered, someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { backupCreate } from './backup-create.ts';
import { backupRestore } from './backup-restore.ts';
import { backupVerify } from './backup-verify.ts';

/** A gateway at work: both databases are open, and what was written last is only in the logs. */
function atWork() {
  let nowMs = INCIDENT_AT;
  const rig = commandRig({ wallMs: () => nowMs });
  const made = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  made.outbox.append(someReadings(500));
  const store = createSqliteStore({ file: join(rig.dataDir, 'store.db'), world: createTestWorld() });
  onTestFinished(() => store.close());
  return {
    ...rig,
    ...made,
    store,
    later(ms: number) {
      nowMs += ms;
    },
  };
}

test('create copies both databases while they are open, with what is only in their logs', async () => {
  const rig = atWork();

  const { out } = await rig.run(backupCreate);
  const [outboxCopy = '', storeCopy = ''] = out.map((line) => line.replace('made: ', ''));
  const verified = await rig.run(backupVerify, { FILE: outboxCopy });
  const json = await rig.run(backupVerify, { FILE: storeCopy, json: true });

  expect(verified.out[0]).toContain('is sound: outbox, 500 rows, 0 dead letters, 1 stream');
  expect(JSON.parse(json.out[0] ?? '')).toMatchObject({ database: 'store', ok: true, readings: 0 });
  expect(readdirSync(join(rig.dataDir, 'backups')).sort()).toEqual([
    'outbox-20260115T160935Z.db',
    'store-20260115T160935Z.db',
  ]);
  expect(rig.outbox.append(someReadings(1, 500)).lo).toBe(501);
});

test('only the newest copies are kept, and other files are let alone', async () => {
  const rig = atWork();
  await rig.run(backupCreate, { keep: '2' });
  writeFileSync(join(rig.dataDir, 'backups', 'outbox-mine.db'), '');

  for (let day = 0; day < 3; day += 1) {
    rig.later(86_400_000);
    await rig.run(backupCreate, { keep: '2' });
  }
  const { out } = await rig.run(backupCreate, { keep: '2', 'dry-run': true });

  expect(readdirSync(join(rig.dataDir, 'backups')).sort()).toEqual([
    'outbox-20260117T160935Z.db',
    'outbox-20260118T160935Z.db',
    'outbox-mine.db',
    'store-20260117T160935Z.db',
    'store-20260118T160935Z.db',
  ]);
  expect(out.every((line) => line.startsWith('would be '))).toBe(true);
});

test('restore puts the copy back and keeps what was there', async () => {
  const rig = atWork();
  await rig.run(backupCreate);
  rig.outbox.append(someReadings(100, 500));
  rig.outbox.close();
  const file = join(rig.dataDir, 'backups', 'outbox-20260115T160935Z.db');

  const dry = await rig.run(backupRestore, { FILE: file, 'dry-run': true, json: true });
  const { out } = await rig.run(backupRestore, { FILE: file });

  expect(JSON.parse(dry.out[0] ?? '')).toMatchObject({ dry_run: true, database: 'outbox', rows: 500 });
  expect(out[0]).toMatch(/^restored: .*outbox\.db from .*, 500 rows, 0 dead letters, 1 stream$/);
  const aside = join(rig.dataDir, 'replaced', '20260115T160935Z');
  expect(readdirSync(aside)).toEqual(['outbox.db']);
  expect(offered(tempOutbox({ file: join(aside, 'outbox.db') }).outbox)).toEqual([[1, 600]]);
  expect(offered(tempOutbox({ file: join(rig.dataDir, 'outbox.db') }).outbox)).toEqual([[1, 500]]);
});

test('a copy of an older schema, as an upgrade makes it, is verified and restored as it is', async () => {
  const rig = commandRig();
  const file = join(rig.dataDir, 'outbox.db.schema-1.backup');
  copyFileSync(join(import.meta.dirname, '../../test/fixtures/databases/outbox-1.db'), file);

  const verified = await rig.run(backupVerify, { FILE: file });
  await rig.run(backupRestore, { FILE: file });

  expect(verified.out[0]).toContain('is sound: outbox, 45 rows, 1 dead letter, 2 streams');
  const restored = new Database(join(rig.dataDir, 'outbox.db'), { readonly: true });
  expect(restored.pragma('user_version', { simple: true })).toBe(1);
  restored.close();
  expect(readdirSync(rig.dataDir).filter((name) => name.endsWith('.backup'))).toEqual([
    'outbox.db.schema-1.backup',
  ]);
});

test('restore refuses while the program runs, and has changed nothing', async () => {
  const rig = atWork();
  await rig.run(backupCreate);
  const lock = acquireInstanceLock({ dir: rig.dataDir, name: 'sensor-main', pid: process.pid });
  onTestFinished(() => lock.release());

  const restoring = rig.run(backupRestore, {
    FILE: join(rig.dataDir, 'backups', 'outbox-20260115T160935Z.db'),
  });

  await expect(restoring).rejects.toMatchObject({ code: 'SGW_DATA_DIR_IN_USE' });
  expect(existsSync(join(rig.dataDir, 'replaced'))).toBe(false);
});

test('restore replaces a damaged file, too, and keeps it with its log', async () => {
  const rig = atWork();
  await rig.run(backupCreate);
  rig.outbox.close();
  writeFileSync(join(rig.dataDir, 'outbox.db'), 'rubbish');
  writeFileSync(join(rig.dataDir, 'outbox.db-wal'), 'its log');

  await rig.run(backupRestore, { FILE: join(rig.dataDir, 'backups', 'outbox-20260115T160935Z.db') });

  const aside = join(rig.dataDir, 'replaced', '20260115T160935Z');
  expect(readFileSync(join(aside, 'outbox.db'), 'utf8')).toBe('rubbish');
  expect(existsSync(join(rig.dataDir, 'outbox.db-wal'))).toBe(false);
  expect(offered(tempOutbox({ file: join(rig.dataDir, 'outbox.db') }).outbox)).toEqual([[1, 500]]);
});

test('a damaged backup, and a file that is none, are named as such and never restored', async () => {
  const rig = atWork();
  await rig.run(backupCreate);
  rig.outbox.close();
  const file = join(rig.dataDir, 'backups', 'outbox-20260115T160935Z.db');
  const bytes = readFileSync(file);
  // Every page but the first.
  writeFileSync(file, Buffer.concat([bytes.subarray(0, 4_096), Buffer.alloc(bytes.length - 4_096, 0xa5)]));
  const stranger = join(rig.dataDir, 'letter.txt');
  writeFileSync(stranger, 'Dear gateway, '.repeat(20));

  for (const FILE of [file, stranger, join(rig.dataDir, 'nothing.db')]) {
    await expect(rig.run(backupVerify, { FILE })).rejects.toMatchObject({ code: 'SGW_BACKUP_BAD' });
    await expect(rig.run(backupRestore, { FILE })).rejects.toMatchObject({ code: 'SGW_BACKUP_BAD' });
  }
  expect(offered(tempOutbox({ file: join(rig.dataDir, 'outbox.db') }).outbox)).toEqual([[1, 500]]);
});

test('a directory without databases, and a command without its file, are said', async () => {
  await expect(commandRig().run(backupCreate)).rejects.toMatchObject({ code: 'SGW_DATABASE_MISSING' });
  await expect(commandRig().run(backupVerify)).rejects.toMatchObject({
    code: 'SGW_USAGE',
    message: '"backup verify" needs a FILE: sensorctl backup verify FILE',
  });
});
