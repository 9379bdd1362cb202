/**
 * Goal: a file that an older version wrote keeps everything under the version of today. Method: the files of
 * `test/fixtures/databases` are opened the way the programs open them, and every row that was in them is looked
 * for, by the columns that it had.
 */

import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase, type SchemaUpgrade } from '../../lib/base/sqlite.ts';
import { openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { openOutboxReadOnly } from '../../lib/flow/outbox/outbox-view.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../lib/flow/outbox/schema.ts';
import { countOf } from '../../lib/flow/seq-ranges.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../lib/flow/write-api/store/schema.ts';
import { openStoreReadOnly } from '../../lib/flow/write-api/store/sqlite-reader.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { TICKET_MIGRATIONS, TICKETS_APPLICATION_ID } from '../../lib/ops/tickets/schema.ts';
import { openTicketsReadOnly } from '../../lib/ops/tickets/ticket-view.ts';
import { expectSameRollups, plainRollups, rollupsIn } from '../support/rollup-audit.ts';
import { tempDir } from '../support/temp-dir.ts';
import { createTestWorld } from '../support/test-world.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/databases');

const KINDS = {
  outbox: { applicationId: OUTBOX_APPLICATION_ID, migrations: OUTBOX_MIGRATIONS },
  store: { applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS },
  tickets: { applicationId: TICKETS_APPLICATION_ID, migrations: TICKET_MIGRATIONS },
} as const;
type Kind = keyof typeof KINDS;

const STORED = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.db'))
  .map((name): [name: string, kind: Kind, schema: number] => {
    const [kind = '', schema] = basename(name, '.db').split('-');
    if (!(kind in KINDS)) throw new Error(`${name} is of no kind that we know`);
    return [name, kind as Kind, Number(schema)];
  });

/** A copy in a directory of its own: even a look leaves a -shm file beside a database in WAL mode. */
function copyOf(name: string, as: string): string {
  const file = join(tempDir(), as);
  copyFileSync(join(FIXTURES, name), file);
  return file;
}

type Tables = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

/** Every row of every table; of `only`, if given, with the columns that they have there. */
function contents(file: string, only?: Tables): Tables {
  const database = new Database(file, { readonly: true });
  onTestFinished(() => {
    database.close();
  });
  const tables = database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all()
    .filter((table) => only === undefined || table in only);
  return Object.fromEntries(
    tables.map((table) => {
      const columns = Object.keys(only?.[table]?.[0] ?? {}).join(', ') || '*';
      return [table, database.prepare<[], Record<string, unknown>>(`SELECT ${columns} FROM ${table}`).all()];
    }),
  );
}

describe.each(STORED)('%s, which an older version wrote', (name, kind, schema) => {
  it('keeps every row in every column that it had, and is opened without a change from then on', () => {
    const file = copyOf(name, `${kind}.db`);
    const before = contents(file);
    const upgrades: SchemaUpgrade[] = [];
    const open = () =>
      openDatabase({ ...KINDS[kind], file, onUpgraded: (upgrade) => upgrades.push(upgrade) }).close();

    open();
    open();
    open();

    expect(Object.values(before).flat().length).toBeGreaterThan(10);
    expect(contents(file, before)).toEqual(before);
    const to = KINDS[kind].migrations.length;
    const backup = { file: `${file}.schema-${schema}.backup` };
    expect(upgrades).toEqual(schema === to ? [] : [{ from: schema, to, backup }]);
  });

  it('is there as it was, in a copy that the older version can read', () => {
    const file = copyOf(name, `${kind}.db`);
    openDatabase({ ...KINDS[kind], file }).close();

    const copy = `${file}.schema-${schema}.backup`;
    if (schema === KINDS[kind].migrations.length) {
      expect(existsSync(copy)).toBe(false);
      return;
    }
    expect(contents(copy)).toEqual(contents(copyOf(name, 'as-it-was.db')));
    const { applicationId, migrations } = KINDS[kind];
    openDatabase({ file: copy, applicationId, migrations: migrations.slice(0, schema) }).close();
  });
});

it('the stored files are looked at in copies only: nothing lies beside them', () => {
  const files = readdirSync(FIXTURES);

  expect(files.filter((name) => !/\.(db|md)$/.test(name))).toEqual([]);
});

it('there is a stored file of each kind, also of its present schema', () => {
  const present = Object.entries(KINDS).map(([kind, { migrations }]) => `${kind}-${migrations.length}.db`);

  expect(STORED.map(([name]) => name)).toEqual(expect.arrayContaining(present));
});

it('an outbox of schema 1 has its backlog, dead letters, ledger and breakers for the reader of today', () => {
  const file = copyOf('outbox-1.db', 'outbox.db');
  const outbox = openOutbox({
    file,
    gateway: 'greenhouse',
    destinations: ['local', 'collector'],
    world: createTestWorld(),
    bootId: 'a later boot',
  });
  outbox.close();

  const view = openOutboxReadOnly(file);
  const stats = view.stats();
  const deadLetters = view.deadLetters(10);
  view.close();
  const waiting = Object.fromEntries(stats.destinations.map((one) => [one.destination, one.rows]));

  // Rows 6 to 50: local has up to 10, and 15 and 16; for collector 7 and 8 were given up, and it has 41 and 42.
  expect(waiting).toEqual({ local: 38, collector: 41 });
  expect(deadLetters).toMatchObject([{ destination: 'collector', seq: 5, code: 'SEQ_CONFLICT' }]);
  expect(stats.destinations.find((one) => one.destination === 'local')?.breaker).toMatchObject({
    state: 'open',
    streak: 3,
  });
});

it('an outbox of schema 8 has all three tiers, what it owes and whom, and what is said of its clock and its silences', () => {
  const file = copyOf('outbox-8.db', 'outbox.db');
  const world = createTestWorld();
  const destinations = ['local', 'collector'];
  const outbox = openOutbox({ file, gateway: 'greenhouse', destinations, world, bootId: 'a later boot' });
  const correction = outbox.correctionBatch('collector');
  const held = outbox.silences.sensors();
  outbox.close();

  const view = openOutboxReadOnly(file);
  const stats = view.stats();
  const deadLetters = view.deadLetters(10);
  const rollbacks = view.rollbacks();
  const thinned = [...view.rows()].filter((row) => row.thinned !== undefined);
  view.close();

  expect(world.recorder.of('outbox.opened')).toMatchObject([{ fresh: false }]);
  // 638 rows: local has 3 of them, which were given up; collector has 5 thinned ones, 14 of the first run and 3 later.
  expect(stats.destinations.map(({ destination, rows }) => [destination, rows])).toEqual([
    ['collector', 616],
    ['local', 635],
  ]);
  expect(thinned).toHaveLength(234);
  expect(deadLetters).toMatchObject([{ destination: 'collector', seq: 7_199, code: 'seq_conflict' }]);
  expect(rollbacks).toMatchObject([{ destination: 'collector', ours: 10, theirs: 12 }]);
  expect(correction?.corrects).toEqual([[7_235, 7_237]]);
  expect(held).toEqual([{ sensor: 'bme280', source: 'climate', intervalMs: 10_000 }]);
});

it('a ticket book of schema 1 has its tickets as they stood, and their history', () => {
  const file = copyOf('tickets-1.db', 'tickets.db');

  const view = openTicketsReadOnly(file);
  const tickets = view.list({ limit: 10 });
  const history = view.historyOf(1, 10);
  view.close();

  expect(tickets.map(({ id, key, state, held, flapping }) => [id, key, state, held, flapping])).toEqual([
    [5, 'clock_untrusted', 'open', false, false],
    [4, 'breaker_open:local', 'open', false, true],
    [3, 'disk_space', 'open', true, false],
    [2, 'breaker_open:local', 'resolved', false, false],
    [1, 'sensor_silent:climate', 'diagnosed', false, false],
  ]);
  expect(history.map(({ change, by }) => [change, by])).toEqual([
    ['opened', undefined],
    ['acknowledged', 'ada'],
    ['diagnosed', 'ada'],
  ]);
});

it('a store of schema 1 knows what it has received, and takes the rest', async () => {
  const file = copyOf('store-1.db', 'store.db');
  const store = createSqliteStore({ file, world: createTestWorld() });
  const series = [{ gateway: 'greenhouse', sensor: 'bme280', metric: 'temperature', unit: 'celsius' }];

  const [answer] = await store.ingest([
    {
      stream: 'stream0000000001',
      gateway: 'greenhouse',
      series,
      rows: [
        [9, 0, 1_768_493_415_000, 20.6],
        [11, 0, 1_768_493_425_000, 20.7],
      ],
      refused: [],
      gone: [],
      sources: [],
      corrections: [],
    },
  ]);

  expect(answer).toMatchObject({ stored: [[11, 11]], duplicate: [[9, 9]] });
  expect(store.ownStream).toBe('stream0000000003');
  const described = await store.stream('stream0000000001');
  expect(described.received).toEqual([[1, 11]]);
  expect(described.gone).toEqual([
    [12, 13, 'shed'],
    [20, 20, 'corrupt'],
  ]);
  await store.close();
  const reader = openStoreReadOnly(file);
  const found = [];
  for await (const reading of reader.readings({ sinceAt: 0 })) found.push(reading);
  expect(found).toHaveLength(12);
  expect(countOf(described.received)).toBe(11);
  await reader.close();
});

describe.each([2, 3, 4])('a store of schema %d', (schema) => {
  const STREAM = 'stream0000000001';
  const nothing = { gateway: 'greenhouse', refused: [], gone: [], sources: [], corrections: [] };
  const AT = 1_768_493_375_000;
  const series = [{ gateway: 'greenhouse', sensor: 'bme280', metric: 'temperature', unit: 'celsius' }];

  function opened() {
    const file = copyOf(`store-${schema}.db`, 'store.db');
    const store = createSqliteStore({ file, world: createTestWorld() });
    const database = new Database(file, { readonly: true });
    onTestFinished(async () => {
      database.close();
      await store.close();
    });
    return { store, database };
  }

  it('knows what it has received, in whatever form, and takes the rest', async () => {
    const { store, database } = opened();
    const count = database.prepare('SELECT count(*) FROM all_readings').pluck();
    const before = Number(count.get());

    const [answer] = await store.ingest([
      {
        ...nothing,
        stream: STREAM,
        series,
        // Plain, and there; plain, and there as a part of a thinned one; new.
        rows: [
          [300, 0, AT + 300 * 5_000, 57.5],
          [306, 0, AT + 306 * 5_000, 53],
          [500, 0, AT + 500 * 5_000, 22],
        ],
      },
    ]);

    expect(answer).toMatchObject({
      stored: [[500, 500]],
      duplicate: [
        [300, 300],
        [306, 306],
      ],
    });
    expect(count.get()).toBe(before + 1);
    // What has come after all is gone no more.
    expect((await store.stream(STREAM)).gone).toEqual([
      [305, 305, 'shed'],
      [307, 310, 'shed'],
      [320, 320, 'corrupt'],
    ]);
  });

  it('goes on to correct what was sent with a wrong time', async () => {
    const { store, database } = opened();
    const at = database
      .prepare(
        'SELECT at FROM all_readings WHERE seq = ? AND stream = (SELECT id FROM streams WHERE stream = ?)',
      )
      .pluck();
    expect(at.get(301, STREAM)).toBe(AT + 301 * 5_000 + 60_000);
    expect(at.get(303, STREAM)).toBe(AT + 303 * 5_000);

    const correction = [303, 304, 120_000, 0, AT + 304 * 5_000] as const;
    await store.ingest([{ ...nothing, stream: STREAM, series, rows: [], corrections: [[...correction]] }]);

    expect(at.get(303, STREAM)).toBe(AT + 303 * 5_000 + 120_000);
  });

  it('rolls up what it has, and then its rollups are those of a plain look at all of it', async () => {
    const { store, database } = opened();

    while (await store.maintain()) {
      // A step at a time.
    }

    expect(plainRollups(database, 'all').length).toBeGreaterThan(50);
    expectSameRollups(rollupsIn(database), plainRollups(database, 'all'));
  });
});

// By that a number that is wrong is told from a newer version (lib/base/schema-check.ts).
it.each(Object.entries(KINDS))(
  'each new schema of the %s has other tables than the one before',
  (_kind, { migrations }) => {
    const database = new Database(':memory:');
    onTestFinished(() => {
      database.close();
    });
    database.function('crc_of', { varargs: true }, () => 0);

    const schemas = migrations.map((sql) => {
      database.exec(sql);
      return JSON.stringify(database.prepare('SELECT type, name, sql FROM sqlite_schema').all());
    });

    expect(new Set(schemas).size).toBe(migrations.length);
  },
);
