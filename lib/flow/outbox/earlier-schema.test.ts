/**
 * Outbox files as earlier versions wrote them, kept in test/fixtures/databases: whatever they hold, today's
 * code delivers exactly that, from the file itself and from what damage has left of it.
 */

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { ALL, someReadings } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { unsalvaged } from '../../base/quarantine-shelf.ts';
import { contains, type SeqRanges, seqsOf } from '../seq-ranges.ts';
import type { Outbox } from './outbox.ts';
import { openOutboxSafely } from './quarantine.ts';
import { salvage } from './salvage.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/databases/outbox-1.db');
const DESTINATIONS = ['collector', 'local'];

/** What the file of schema 1 is known to hold: rows 6 to 50, of two runs, on their way to two destinations. */
const ROWS: SeqRanges = [[6, 50]];
const SECOND_RUN_FROM = 41;
const WAITING: Readonly<Record<string, SeqRanges>> = {
  collector: [
    [6, 6],
    [9, 40],
    [43, 50],
  ],
  local: [
    [11, 14],
    [17, 50],
  ],
};
const BURIED = { destination: 'collector', seq: 5, code: 'SEQ_CONFLICT', message: 'the store said no' };

type Value = readonly [sensor: string, metric: string, at: number, value: number];

function copyOfFixture(): string {
  const file = join(tempDir(), 'outbox.db');
  copyFileSync(FIXTURE, file);
  return file;
}

/** The rows as the file has them, read by nobody's code but SQLite's. */
function rowsOfFixture(): Map<number, Value> {
  // A copy: SQLite puts a log beside whatever it opens.
  const database = new Database(copyOfFixture(), { readonly: true });
  const rows = database
    .prepare<[], [number, ...Value]>(
      'SELECT seq, sensor, metric, at, value FROM readings JOIN series ON series.id = series ORDER BY seq',
    )
    .raw()
    .all();
  database.close();
  return new Map(rows.map(([seq, ...value]) => [seq, value]));
}

function start(file: string): { outbox: Outbox; world: ReturnType<typeof createTestWorld> } {
  const world = createTestWorld({ seed: 7 });
  const outbox = openOutboxSafely({
    file,
    gateway: 'test-gateway',
    destinations: DESTINATIONS,
    bootId: 'boot-c',
    world,
    onDamage: () => {},
  });
  onTestFinished(() => outbox.close());
  return { outbox, world };
}

function salvageAll(file: string, outbox: Outbox): object {
  const work = salvage({
    file: join(unsalvaged(file)[0] ?? '', basename(file)),
    destinations: DESTINATIONS,
    outbox,
  });
  for (;;) {
    const turn = work.next();
    if (turn.done) return turn.value;
  }
}

/** Everything that a destination is offered, until nothing is left. */
function drain(outbox: Outbox, destination: string): Map<number, Value> {
  const delivered = new Map<number, Value>();
  for (;;) {
    const batch = outbox.batch(destination, ALL);
    if (batch === undefined) return delivered;
    const { series, readings } = JSON.parse(batch.body);
    for (const [seq, index, at, value] of readings) {
      expect(delivered.has(seq)).toBe(false);
      delivered.set(seq, [series[index].sensor, series[index].metric, at, value]);
      expect(batch.stream).toBe(`stream000000000${seq < SECOND_RUN_FROM ? 1 : 2}`);
    }
    outbox.acknowledge(destination, batch.stream, batch.seqs);
    outbox.flush();
  }
}

function expected(seqs: SeqRanges): Map<number, Value> {
  const all = rowsOfFixture();
  return new Map([...all].filter(([seq]) => contains(seqs, seq)));
}

/** What the destination is told that it will never get: seq and cause. */
function told(outbox: Outbox, destination: string): [number, string][] {
  const all: [number, string][] = [];
  for (;;) {
    const batch = outbox.goneBatch(destination);
    if (batch?.goneUpTo === undefined) return all;
    for (const [lo, hi, cause] of JSON.parse(batch.body).gone) {
      for (let seq = lo; seq <= hi; seq += 1) all.push([seq, cause]);
    }
    outbox.noteTold(destination, batch.goneUpTo);
    outbox.flush();
  }
}

describe('a file of schema 1', () => {
  it('is opened with everything that it held', () => {
    const { outbox, world } = start(copyOfFixture());

    expect(world.recorder.of('outbox.quarantined')).toEqual([]);
    expect(outbox.deadLetters(9)).toMatchObject([{ ...BURIED, reading: rowsOfBuried }]);
    expect(outbox.breaker('local')).toMatchObject({ state: 'open', streak: 3, step: 1, held: false });
    expect(outbox.breakerTransitions(9)).toHaveLength(1);
    expect(told(outbox, 'collector')).toEqual([
      [5, 'buried'],
      [7, 'shed'],
      [8, 'shed'],
    ]);
    expect(told(outbox, 'local')).toEqual([
      [7, 'shed'],
      [8, 'shed'],
    ]);
    expect(outbox.append(someReadings(1))).toMatchObject({ lo: 51, hi: 51 });
  });

  it.each(DESTINATIONS)('drains to %s exactly what that had not acknowledged', (destination) => {
    const { outbox } = start(copyOfFixture());

    expect(drain(outbox, destination)).toEqual(expected(WAITING[destination] ?? []));
  });

  it('whose header is damaged is salvaged whole: rows, dead letter, ledger and breaker', () => {
    const file = copyOfFixture();
    damage(file, 0, Buffer.alloc(16, 0x5a));

    const { outbox, world } = start(file);
    expect(outbox.breaker('local')).toMatchObject({ state: 'open', streak: 3, step: 1 });
    const count = salvageAll(file, outbox);

    expect(world.recorder.of('outbox.quarantined')).toHaveLength(1);
    // Nobody gets 7 and 8, but they are there: what has no checksum takes nothing away that is.
    expect(count).toEqual({ saved: 45, lost: 0, deadLetters: 1 });
    expect(outbox.deadLetters(9)).toMatchObject([{ ...BURIED, reading: rowsOfBuried }]);
    for (const destination of DESTINATIONS) expect(drain(outbox, destination)).toEqual(expected(ROWS));
    // What had left is named, too: a store that has it knows better.
    const left = [1, 2, 3, 4].map((seq) => [seq, 'corrupt']);
    expect(told(outbox, 'collector').sort(bySeq)).toEqual([...left, [5, 'buried']]);
    expect(told(outbox, 'local').sort(bySeq)).toEqual([...left, [5, 'corrupt']]);
  });

  it('that has lost its rows is counted to the row, for whoever did not have them', () => {
    const file = copyOfFixture();
    damage(file, 0, Buffer.alloc(16, 0x5a));
    const page = pageOfRows(file);
    damage(file, page * PAGE, Buffer.alloc(PAGE, 0x5a));

    const { outbox } = start(file);
    const count = salvageAll(file, outbox);

    // 7 and 8 are in the ledger already, 41 and 42 reached the collector, 9 and 10, 15 and 16 the other one.
    expect(count).toEqual({ saved: 0, lost: 43, deadLetters: 1 });
    for (const destination of DESTINATIONS) {
      const seqs = told(outbox, destination).map(([seq]) => seq);
      expect(seqs).toEqual(expect.arrayContaining([...seqsOf(WAITING[destination] ?? [])]));
    }
  });
});

const bySeq = ([a]: [number, string], [b]: [number, string]) => a - b;

const PAGE = 4_096;
const rowsOfBuried = { sensor: 'bme280', metric: 'temperature', value: 20.35 };

function damage(file: string, at: number, bytes: Buffer): void {
  const text = readFileSync(file);
  bytes.copy(text, at);
  writeFileSync(file, text);
}

/** The one leaf that all rows of the fixture are on. */
function pageOfRows(file: string): number {
  const database = new Database(copyOfFixture(), { readonly: true });
  const root = database
    .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'readings'")
    .pluck()
    .get();
  database.close();
  expect(readFileSync(file)[((root ?? 0) - 1) * PAGE]).toBe(0x0d);
  return (root ?? 0) - 1;
}
