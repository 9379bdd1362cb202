import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { openDatabaseReadOnly } from '../../base/sqlite.ts';
import type { Outbox } from './outbox.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';

/** A page in the log of SQLite, behind its header. */
const FRAME_BYTES = 4_096 + 24;
const ROWS = 5;

/** Accepts a round, and has it stored by these destinations. */
function round(outbox: Outbox, n: number, destinations: readonly string[]): void {
  const { stream, lo, hi } = outbox.append(someReadings(ROWS, n * ROWS));
  for (const destination of destinations) outbox.acknowledge(destination, stream, [[lo, hi]]);
}

/** What the file says that `local` has acknowledged. */
function written(file: string): [lo: number, hi: number][] {
  const database = openDatabaseReadOnly({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  try {
    return database
      .prepare<[], [number, number]>("SELECT lo, hi FROM acknowledged WHERE destination = 'local'")
      .raw()
      .all();
  } finally {
    database.close();
  }
}

/** As a crash leaves it: what has been committed, and nothing that the program still knew. */
function crashed(file: string): string {
  const copy = join(tempDir(), 'outbox.db');
  for (const suffix of ['', '-wal']) copyFileSync(`${file}${suffix}`, `${copy}${suffix}`);
  return copy;
}

test('a round in the steady state writes two pages: its rows, and where its stream ends', () => {
  const { outbox, file } = tempOutbox();
  for (let n = 0; n < 10; n += 1) round(outbox, n, ['local']);
  outbox.flush();
  const walBytes = () => statSync(`${file}-wal`).size;

  const frames = [];
  for (let n = 10; n < 30; n += 1) {
    const before = walBytes();
    round(outbox, n, ['local']);
    frames.push((walBytes() - before) / FRAME_BYTES);
  }

  // Every so often a third page says what has been acknowledged.
  expect(Math.max(...frames)).toBe(3);
  expect(frames.filter((n) => n === 3)).toHaveLength(1);
  expect(new Set(frames)).toEqual(new Set([2, 3]));
});

test('what is known by the absence of its rows is written with every seventeenth commit, and by a flush', () => {
  const { outbox, file } = tempOutbox();
  round(outbox, 0, ['local']);
  outbox.flush();
  const atFirst = written(file);

  for (let n = 1; n <= 17; n += 1) round(outbox, n, ['local']);
  const before = written(file);
  round(outbox, 18, ['local']);
  const after = written(file);
  round(outbox, 19, ['local']);
  outbox.flush();

  expect(atFirst).toEqual([[1, ROWS]]);
  expect(before).toEqual(atFirst);
  expect(after).toEqual([[1, 18 * ROWS]]);
  expect(written(file)).toEqual([[1, 20 * ROWS]]);
});

test('what somebody else still lacks is written with the next commit (the twin: its rows are there)', () => {
  const { outbox, file } = tempOutbox({ destinations: ['local', 'remote'] });
  round(outbox, 0, ['local']);

  round(outbox, 1, ['local']);
  const first = written(file);
  round(outbox, 2, ['local']);

  expect(first).toEqual([[1, ROWS]]);
  expect(written(file)).toEqual([[1, 2 * ROWS]]);
});

test('a crash brings nothing back whose rows have left, although nothing was written of it', () => {
  const { outbox, file, world } = tempOutbox();
  for (let n = 0; n < 5; n += 1) round(outbox, n, ['local']);
  outbox.append(someReadings(ROWS, 5 * ROWS));

  const copy = crashed(file);
  const said = written(copy);
  const { outbox: survivor } = tempOutbox({ file: copy, world });

  expect(said).toEqual([]);
  expect(survivor.backlog('local').rows).toBe(ROWS);
  expect(survivor.batch('local', { order: 'oldest', rowsMax: 99, bytesMax: 1e6 })?.seqs).toEqual([
    [5 * ROWS + 1, 6 * ROWS],
  ]);
});

test('a dead letter that is sent once more comes back to its destination alone, whatever was written', () => {
  const { outbox, file, world } = tempOutbox({ destinations: ['local', 'remote'] });
  round(outbox, 0, ['local', 'remote']);
  const { stream, lo, hi } = outbox.append(someReadings(ROWS, ROWS));
  outbox.bury('remote', stream, [{ seq: lo, code: 'x', message: 'x' }]);
  outbox.acknowledge('local', stream, [[lo, hi]]);
  outbox.acknowledge('remote', stream, [[lo, hi]]);
  for (let n = 2; n < 5; n += 1) round(outbox, n, ['local', 'remote']);

  outbox.redrive('remote', lo);

  const { outbox: survivor } = tempOutbox({
    file: crashed(file),
    world,
    destinations: ['local', 'remote'],
  });
  const seqs = (name: string) =>
    survivor.batch(name, { order: 'oldest', rowsMax: 99, bytesMax: 1e6 })?.seqs ?? [];
  expect(seqs('local')).toEqual([]);
  expect(seqs('remote')).toEqual([[lo, lo]]);
});
