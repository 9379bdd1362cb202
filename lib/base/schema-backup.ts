/**
 * A copy of a database as it was before a newer version changes its schema, beside it under a name that says
 * which schema it has. It is what a return to the older version starts from: no version reads the file of a
 * newer one. Only the newest such copy is kept, so that upgrades never fill a card.
 *
 * Without room for it the upgrade goes on all the same. The change itself is one transaction, which a crash
 * or a power cut undoes; a gateway that did not start for want of a copy would lose readings for certain.
 */

import { chmodSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isDiskCondition } from './disk-condition.ts';
import { codeOf, messageOf } from './errors.ts';
import type { SqliteDatabase } from './sqlite.ts';
import { syncPath } from './sync-path.ts';

/** What became of the copy: its path, or why there is none. */
export type SchemaBackup =
  | { readonly file: string; readonly skipped?: never }
  | { readonly file?: never; readonly skipped: string };

/** Left on the disk beside the copy: the reserve that the outbox leaves, so that no reading pays for the copy. */
const RESERVE_BYTES = 64 * 1_048_576;

/**
 * Copies `database`, the file of which has schema `from`. Afterwards the copy is whole and on the disk, or there is
 * none. Takes as long as writing the file anew. Throws what SQLite throws when the file turns out to be damaged.
 */
export function backUpSchema(database: SqliteDatabase, from: number): SchemaBackup {
  const target = `${database.name}.schema-${from}.backup`;
  const part = `${target}.part`;
  const directory = dirname(target);
  try {
    // Left by a crash; SQLite would not write over it, and would take its journal for that of the new one.
    remove(part);
    const bytes = sizeOf(database);
    const { bavail, bsize } = statfsSync(directory);
    const room = bavail * bsize;
    if (room < bytes + RESERVE_BYTES) {
      return {
        skipped: `a copy needs ${inMiB(bytes + RESERVE_BYTES)} of room, and there are ${inMiB(room)}`,
      };
    }
    // By SQLite, with what is in the log; opening the file a second time to copy it would drop our locks.
    database.prepare<[string]>('VACUUM INTO ?').run(part);
    // Whoever may not read the original may not read its copy.
    chmodSync(part, statSync(database.name).mode & 0o777);
    syncPath(part);
    renameSync(part, target);
    for (const file of readdirSync(directory)) {
      if (isOlderOf(target, file)) rmSync(join(directory, file), { force: true });
    }
    syncPath(directory);
    return { file: target };
  } catch (error) {
    discard(part);
    if (!isDiskCondition(error) && !isOfFileSystem(error)) throw error;
    return { skipped: messageOf(error) };
  }
}

function isOfFileSystem(error: unknown): boolean {
  return /^E[A-Z0-9]+$/.test(codeOf(error) ?? '');
}

/** With its journal. */
function remove(part: string): void {
  for (const file of [part, `${part}-journal`]) rmSync(file, { force: true });
}

function discard(part: string): void {
  try {
    remove(part);
  } catch {
    // Why there is no copy is said already, and the next start tries again.
  }
}

const LEFT_COPY = /^(.+)(\.schema-\d+\.backup\.part)(?:-journal)?$/;

/** What a copy has left that a failing disk did not let go of: of a file that needs no copy any more. Never throws. */
export function discardLeftCopies(file: string): void {
  try {
    for (const name of readdirSync(dirname(file))) {
      const [, own, part] = LEFT_COPY.exec(name) ?? [];
      if (own === basename(file)) discard(join(dirname(file), `${own}${part}`));
    }
  } catch {
    // A directory that cannot be listed will be told of by whoever needs it.
  }
}

/** Bytes of a database, what is still in its log included. */
export function sizeOf(database: SqliteDatabase): number {
  const read = (name: string) => Number(database.pragma(name, { simple: true }));
  return read('page_count') * read('page_size');
}

function isOlderOf(target: string, file: string): boolean {
  const [name, own] = basename(target).split(/\.schema-(?=\d+\.backup$)/);
  const [other, rest] = file.split(/\.schema-(?=\d+\.backup$)/);
  return other === name && rest !== undefined && rest !== own;
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)} MiB`;
}
