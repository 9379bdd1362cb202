/** A real outbox on a file of its own, and a way to lose the process without losing the file. */

import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openDatabase, type SqliteDatabase } from '../../lib/base/sqlite.ts';
import {
  type BatchPick,
  type OpenOutboxOptions,
  type Outbox,
  openOutbox,
} from '../../lib/flow/outbox/outbox.ts';
import { openOutboxSafely, type SafeOpenOptions } from '../../lib/flow/outbox/quarantine.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../lib/flow/outbox/schema.ts';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../../lib/flow/reading.ts';
import type { SeqRanges } from '../../lib/flow/seq-ranges.ts';
import { tempDir } from './temp-dir.ts';
import { createTestWorld, type TestWorld } from './test-world.ts';

export interface TempOutbox {
  readonly outbox: Outbox;
  readonly file: string;
  readonly world: TestWorld;
}

type Options = Partial<Omit<OpenOutboxOptions, 'world'>> & { readonly world?: TestWorld };

let worlds = 0;

export function tempOutbox(options: Options = {}): TempOutbox {
  // Each with chances of its own: two runs on one file must not draw the same stream.
  const world = options.world ?? createTestWorld({ seed: ++worlds });
  const file = options.file ?? join(tempDir(), 'outbox.db');
  const outbox = openOutbox({
    file,
    gateway: 'test-gateway',
    destinations: ['local'],
    bootId: 'boot-1',
    ...options,
    world,
  });
  onTestFinished(() => outbox.close());
  return { outbox, file, world };
}

/** What the next start, in another boot, makes of a file, whatever has become of it. */
export function successorOutbox(
  file: string,
  world: TestWorld,
  options: Partial<Pick<SafeOpenOptions, 'destinations' | 'onDamage' | 'bootId'>> = {},
): Outbox {
  const outbox = openOutboxSafely({
    file,
    gateway: 'test-gateway',
    destinations: ['local'],
    bootId: 'boot-2',
    onDamage: () => {},
    ...options,
    world,
  });
  onTestFinished(() => outbox.close());
  return outbox;
}

/**
 * The file as a crash at this moment would leave it, under a new name: committed is kept, and what was
 * only in memory is gone. The -shm file is left behind, as it does not survive its last process.
 */
export function crashed(file: string, which = 0): string {
  const copy = `${file}.crashed-${which}`;
  for (const suffix of ['', '-wal']) {
    if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
  }
  return copy;
}

export { someReadings } from './some-readings.ts';

/** Everything that one request may carry. */
export const ALL: BatchPick = { order: 'oldest', rowsMax: BATCH_ROWS_MAX, bytesMax: BATCH_BYTES_MAX };

/** What a destination would be sent next. */
export function offered(outbox: Outbox, destination = 'local'): SeqRanges {
  return outbox.batch(destination, ALL)?.seqs ?? [];
}

/** A second connection, for what the outbox itself does not show. */
export function rawOutbox(file: string): SqliteDatabase {
  const database = openDatabase({
    file,
    applicationId: OUTBOX_APPLICATION_ID,
    migrations: OUTBOX_MIGRATIONS,
  });
  onTestFinished(() => {
    database.close();
  });
  return database;
}

/** The seqs of the rows in a file. */
export function seqsIn(file: string): number[] {
  return rawOutbox(file).prepare<[], number>('SELECT seq FROM readings ORDER BY seq').pluck().all();
}
