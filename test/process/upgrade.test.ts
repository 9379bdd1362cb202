/** The built programs on files of another version: older ones are brought up to date, newer ones are left alone. */

import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../lib/base/sqlite.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../lib/flow/outbox/schema.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../lib/flow/write-api/store/schema.ts';
import { startProgram } from '../support/child-program.ts';
import { createGateway, isEvent } from '../support/gateway.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/databases');

const FILES = [
  ['sensor-main', 'outbox.db', { applicationId: OUTBOX_APPLICATION_ID, migrations: OUTBOX_MIGRATIONS }],
  ['sensor-api-write', 'store.db', { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS }],
] as const;

test.each(FILES)(
  '%s refuses the %s of a newer version with exit 78, says so, and leaves it as it is',
  async (name, database, { applicationId, migrations }) => {
    const gateway = await createGateway();
    const file = join(gateway.dir, database);
    const tomorrow = [...migrations, 'CREATE TABLE tomorrow (id INTEGER PRIMARY KEY) STRICT'];
    openDatabase({ file, applicationId, migrations: tomorrow }).close();
    const before = readFileSync(file);

    const program = startProgram(name, { env: gateway.env });

    expect(await program.exited).toEqual({ code: 78, signal: null });
    const said = program.lines.map((line) => line.text).join('\n');
    expect(said).toContain('SGW_SCHEMA_TOO_NEW');
    expect(said).toContain(`schema ${tomorrow.length}; this version knows up to ${migrations.length}`);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(gateway.dir).filter((one) => /quarantine|backup|-wal$/.test(one))).toEqual([]);
  },
);

test('both programs take over the files of an older version, and every reading that waited in them is stored', async () => {
  const gateway = await createGateway();
  copyFileSync(join(FIXTURES, 'store-1.db'), join(gateway.dir, 'store.db'));
  copyFileSync(join(FIXTURES, 'outbox-1.db'), join(gateway.dir, 'outbox.db'));

  const api = await gateway.startApi();
  const reader = await gateway.startReader();
  const upgraded = await Promise.all([api, reader].map((one) => one.line(isEvent('database.upgraded'))));
  await gateway.finish(reader);

  expect(upgraded.map((line) => line.from)).toEqual([1, 1]);
  for (const name of ['store', 'outbox']) {
    expect(existsSync(join(gateway.dir, `${name}.db.schema-1.backup`))).toBe(true);
  }
  // 1 to 10 were stored before, and 15 and 16 acknowledged by another store: they do not wait.
  const waited = [...between(11, 14), ...between(17, 50)];
  const stored = new Set(
    (await gateway.stored())
      .filter((one) => one.gateway !== 'phone')
      .map((one) => `${one.stream} ${one.seq}`),
  );
  for (const seq of waited) {
    const stream = seq <= 40 ? 'stream0000000001' : 'stream0000000002';
    expect(stored).toContain(`${stream} ${seq}`);
  }
});

function between(lo: number, hi: number): number[] {
  return Array.from({ length: hi - lo + 1 }, (_, i) => lo + i);
}
