/**
 * A death in the middle of a checkpoint: the write-ahead log is being copied into the database itself. In
 * WAL mode nothing else writes there, so the first change of that file is the moment; and the counters
 * that SQLite keeps in the -shm file, which outlives the process, prove that it was hit.
 */

import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { tempDir } from '../support/temp-dir.ts';
import { leftoversOf, lostOf, readNotes } from './notebook.ts';
import type { WriterOrders } from './outbox-writer.ts';

const HITS = 3;
/** A kill may come when the checkpoint is over already, on a busy machine. */
const ATTEMPTS_MAX = 30;

test('a death in the middle of a checkpoint loses nothing and damages nothing', {
  timeout: 180_000,
}, async () => {
  const writer = join(compileForChild('test/crash/outbox-writer.ts'), 'test/crash/outbox-writer.js');
  let hits = 0;
  for (let attempt = 1; hits < HITS && attempt <= ATTEMPTS_MAX; attempt += 1) {
    const dir = tempDir();
    const file = join(dir, 'outbox.db');
    const notes = join(dir, 'notes');
    const orders: WriterOrders = { file, notes, rows: 2_000, synchronous: 'FULL' };
    const child = startCommand(process.execPath, [writer, JSON.stringify(orders)]);
    await child.line(({ text }) => text === 'appending');

    const watcher = watch(file, () => child.kill('SIGKILL'));
    await child.exited;
    watcher.close();
    if (diedInCheckpoint(file)) hits += 1;

    const noted = readNotes(notes);
    const leftovers = leftoversOf(file);
    expect(noted.accepted).not.toEqual([]);
    expect({ lost: lostOf(noted, leftovers), wrong: leftovers.wrong, check: leftovers.check }).toEqual({
      lost: [],
      wrong: [],
      check: 'ok',
    });
  }
  expect(hits).toBe(HITS);
});

/** Where SQLite's "WalCkptInfo" counts the frames copied back for certain, and those it has set out to copy. */
const BACKFILLED_AT = 96;
const ATTEMPTED_AT = 128;

function diedInCheckpoint(file: string): boolean {
  if (!existsSync(`${file}-shm`)) return false;
  const shm = readFileSync(`${file}-shm`);
  return shm.readUInt32LE(ATTEMPTED_AT) > shm.readUInt32LE(BACKFILLED_AT);
}
