/**
 * What it costs to get readings into the outbox and out again, each as a ratio to the same reference
 * measured in the same run: 500 rows through one prepared statement in one transaction, synchronous=FULL.
 * The paths take turns, so that a noisy moment hits all of them; a ratio is the median of its turns.
 *
 * Behind docs/decisions/0005-prepared-statements-for-the-hot-path.md.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { openDatabase } from '../lib/base/sqlite.ts';
import { type Outbox, openOutbox } from '../lib/flow/outbox/outbox.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS, readings } from '../lib/flow/outbox/schema.ts';
import type { Reading } from '../lib/flow/reading.ts';
import { median, report } from './report.ts';

const ROWS = 500;
const TURNS = 31;

const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
const database = openDatabase({
  file: join(dir, 'paths.db'),
  applicationId: OUTBOX_APPLICATION_ID,
  migrations: OUTBOX_MIGRATIONS,
});
const orm = drizzle({ client: database });
database.exec("INSERT INTO boots VALUES (1, 'bench'); INSERT INTO series VALUES (1, 's', 'm', 'celsius')");

function outboxIn(file: string): Outbox {
  return openOutbox({
    file: join(dir, file),
    gateway: 'bench',
    destinations: ['local'],
    world: { clock: systemClock, random: systemRandom, observe: () => {} },
    bootId: 'bench',
  });
}

/** One that only fills, and one where each round leaves before the next has come. */
const filling = outboxIn('filling.db');
const steady = outboxIn('steady.db');

let nextSeq = 1;

function rows(n: number) {
  return Array.from({ length: n }, (_, i) => ({
    seq: nextSeq++,
    series: 1,
    at: 1_768_493_375_000 + i,
    value: 20 + i / 100,
    monoMs: i,
    flags: 0,
    boot: 1,
    crc: 0,
  }));
}

function round(n: number): Reading[] {
  return Array.from({ length: n }, (_, i) => ({
    sensor: `sensor-${i % 10}`,
    metric: i % 2 === 0 ? 'temperature' : 'humidity',
    unit: i % 2 === 0 ? 'celsius' : 'percent',
    at: 1_768_493_375_000 + i,
    value: 20 + i / 100,
    flags: 0,
    monoMs: i,
  }));
}

const prepared = database.prepare(
  'INSERT INTO readings (seq, series, at, value, mono_ms, flags, boot, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
);
const insertAll = database.transaction((all: ReturnType<typeof rows>) => {
  for (const row of all) {
    prepared.run(row.seq, row.series, row.at, row.value, row.monoMs, row.flags, row.boot, row.crc);
  }
});
const ormPrepared = orm
  .insert(readings)
  .values({
    seq: sql.placeholder('seq'),
    series: sql.placeholder('series'),
    at: sql.placeholder('at'),
    value: sql.placeholder('value'),
    monoMs: sql.placeholder('monoMs'),
    flags: sql.placeholder('flags'),
    boot: sql.placeholder('boot'),
    crc: sql.placeholder('crc'),
  })
  .prepare();

const selectRows = database
  .prepare('SELECT seq, series, at, value, flags FROM readings WHERE seq BETWEEN ? AND ?')
  .raw();

const REFERENCE = 'reference: 500 rows, prepared statement';
const fiveHundred = round(ROWS);
const five = round(5);

/** Each does its work once and returns nothing; what they need is made before the clock starts. */
const PATHS: Record<string, () => () => void> = {
  [REFERENCE]: () => {
    const all = rows(ROWS);
    return () => insertAll.immediate(all);
  },
  'drizzle, insert().values() for each row': () => {
    const all = rows(ROWS);
    return () =>
      orm.transaction((tx) => {
        for (const row of all) tx.insert(readings).values(row).run();
      });
  },
  'drizzle, one insert().values() of all rows': () => {
    const all = rows(ROWS);
    return () => orm.transaction((tx) => tx.insert(readings).values(all).run());
  },
  'drizzle, prepared with placeholders': () => {
    const all = rows(ROWS);
    return () =>
      orm.transaction(() => {
        for (const row of all) ormPrepared.run(row);
      });
  },
  'outbox.append of 500': () => () => filling.append(fiveHundred),
  'outbox.append of 5, acknowledging and trimming 5': () => {
    steady.acknowledge('local', steady.stream, [[1, steady.append(five).hi]]);
    return () => steady.append(five);
  },
  'outbox.batch of 500, as text': () => () => {
    filling.batch('local', { order: 'oldest', rowsMax: ROWS, bytesMax: 1_048_576 });
  },
  '500 rows as objects and JSON.stringify': () => () => JSON.stringify(selectRows.all(1, ROWS)),
};

const taken = new Map<string, number[]>();
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const [name, prepare] of Object.entries(PATHS)) {
    const work = prepare();
    const startedMono = systemClock.monotonicMs();
    work();
    const tookMs = systemClock.monotonicMs() - startedMono;
    taken.set(name, [...(taken.get(name) ?? []), tookMs]);
  }
}
filling.close();
steady.close();
database.close();
rmSync(dir, { recursive: true });

const referenceMs = median(taken.get(REFERENCE) ?? []);
for (const [name, tookMs] of taken) {
  const value = median(tookMs);
  // How many times the reference's speed: above 1 is faster.
  const ratio = referenceMs / value;
  report({ name: `insert-paths: ${name}`, ratio, bar: null, value, unit: 'ms', runs: TURNS });
}
