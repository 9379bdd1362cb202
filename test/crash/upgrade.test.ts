/**
 * Goal: an upgrade that dies, wherever, costs nothing: the file is as it was or as it should become, and the next
 * start goes on. Method: a store whose migration takes a while is upgraded by a child, which is killed while it
 * makes the copy, or while the new schema is being written to the log.
 */

import { copyFileSync, existsSync, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from '../../lib/base/sqlite.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../lib/flow/outbox/schema.ts';
import { startCommand } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { tempDir } from '../support/temp-dir.ts';
import { tempOutbox } from '../support/temp-outbox.ts';
import type { UpgradeOrders } from './upgrading-program.ts';

const APPLICATION_ID = 0x5465_7374;
const FIRST = 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT';
/** Writes every row anew: long enough to be hit, and far more than the page cache holds. */
const SECOND = `
  ALTER TABLE notes ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
  UPDATE notes SET size = length(text);`;
const ROWS = 60_000;
const TEXT_LENGTH = 400;

const HITS = 3;
/** A kill may come when the moment is over already, on a busy machine. */
const ATTEMPTS_MAX = 30;

/** Each death is brought about by the first change of a file that only this part of the work writes. */
const MOMENTS = [
  ['the copy is being written', { changed: '.backup.part', copied: false }],
  ['the schema is being changed', { changed: '-wal', copied: true }],
] as const;

test.each(MOMENTS)(
  'a death while %s leaves a whole file, which the next start upgrades',
  {
    timeout: 180_000,
  },
  async (_moment, { changed, copied }) => {
    const program = join(
      compileForChild('test/crash/upgrading-program.ts'),
      'test/crash/upgrading-program.js',
    );
    const old = join(tempDir(), 'old.db');
    fill(old);
    let hits = 0;
    for (let attempt = 1; hits < HITS && attempt <= ATTEMPTS_MAX; attempt += 1) {
      const dir = tempDir();
      const file = join(dir, 'test.db');
      copyFileSync(old, file);
      const orders: UpgradeOrders = { file, applicationId: APPLICATION_ID, migrations: [FIRST, SECOND] };

      const watcher = watch(dir, (_event, name) => {
        // The log is also opened before the copy; it grows only by what is written to the database.
        if (name?.endsWith(changed) && hasBytes(join(dir, name))) child.kill('SIGKILL');
      });
      const child = startCommand(process.execPath, [program, JSON.stringify(orders)]);
      const { signal } = await child.exited;
      watcher.close();

      const left = look(file);
      const isCopied = existsSync(`${file}.schema-1.backup`);
      if (signal === 'SIGKILL' && left.schema === 1 && isCopied === copied) hits += 1;
      expect(left).toMatchObject({ rows: ROWS, check: 'ok' });
      // A copy has its name only when it is whole.
      if (isCopied) {
        expect(look(`${file}.schema-1.backup`)).toEqual({ schema: 1, rows: ROWS, sized: 0, check: 'ok' });
      }
      openDatabase(orders).close();
      expect(look(file)).toEqual({ schema: 2, rows: ROWS, sized: ROWS, check: 'ok' });
      expect(readdirSync(dir).sort()).toEqual(['test.db', 'test.db.schema-1.backup']);
    }
    expect(hits).toBe(HITS);
  },
);

const REAL = join(import.meta.dirname, '../fixtures/databases/outbox-1.db');

// Each step is a transaction of its own, so that a death between two leaves what an end there leaves.
test.each(OUTBOX_MIGRATIONS.slice(1).map((_, index) => index + 1))(
  'an outbox whose upgrade died behind schema %i goes on from there, and has every row and every line',
  (schema) => {
    const file = join(tempDir(), 'outbox.db');
    copyFileSync(REAL, file);
    openDatabase({
      file,
      applicationId: OUTBOX_APPLICATION_ID,
      migrations: OUTBOX_MIGRATIONS.slice(0, schema),
    }).close();

    const { outbox, world } = tempOutbox({ file, destinations: ['local', 'collector'] });

    // As the table of the fixtures says: for local 11 to 14 and 17 to 50, for collector 6, 9 to 40, 43 to 50.
    expect(['local', 'collector'].map((name) => outbox.backlog(name).rows)).toEqual([38, 41]);
    expect(outbox.deadLetters(10)).toMatchObject([{ destination: 'collector', seq: 5 }]);
    expect(outbox.goneBatch('collector')).toBeDefined();
    expect(world.recorder.of('outbox.mended')).toEqual([]);
    expect(existsSync(`${file}.schema-${schema}.backup`)).toBe(true);
  },
);

test('twin: a change that is not one transaction would leave a file that no version reads', () => {
  const file = join(tempDir(), 'test.db');
  fill(file);
  const database = new Database(file);
  // What a death between the statements would leave, were they committed one by one.
  for (const statement of SECOND.split(';').slice(0, 1)) database.exec(statement);
  database.close();

  expect(() => openDatabase({ file, applicationId: APPLICATION_ID, migrations: [FIRST, SECOND] })).toThrow(
    /duplicate column name/,
  );
});

function fill(file: string): void {
  const database = openDatabase({ file, applicationId: APPLICATION_ID, migrations: [FIRST] });
  database
    .prepare<[number, number]>(
      `INSERT INTO notes (text) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       SELECT substr(hex(zeroblob(?)), 1) FROM n`,
    )
    .run(ROWS, TEXT_LENGTH / 2);
  database.close();
}

function hasBytes(file: string): boolean {
  return existsSync(file) && statSync(file).size > 0;
}

interface Left {
  readonly schema: number;
  readonly rows: number;
  /** Rows that the migration has dealt with. */
  readonly sized: number;
  readonly check: string;
}

/** What the file holds, for a reader that brings its log back like any start does. */
function look(file: string): Left {
  const database = new Database(file);
  const schema = Number(database.pragma('user_version', { simple: true }));
  const count = (where: string) =>
    database.prepare<[], number>(`SELECT count(*) FROM notes WHERE ${where}`).pluck().get() ?? 0;
  const left = {
    schema,
    rows: count('true'),
    sized: schema === 1 ? 0 : count(`size = ${TEXT_LENGTH}`),
    check: String(database.pragma('quick_check(1)', { simple: true })),
  };
  database.close();
  return left;
}
