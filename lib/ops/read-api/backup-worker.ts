/**
 * The thread that copies the store for somebody who has asked for a backup: a thread of its own, because the last
 * attempt of several is one long call of SQLite. It ends with its one copy, whole and checked, or without any.
 */

import { createHash } from 'node:crypto';
import { createReadStream, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { backupDatabase } from '../../base/sqlite-backup.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../flow/write-api/store/schema.ts';
import { failureOf, type ThreadFailure } from './thread-failure.ts';

export interface CopyTask {
  readonly file: string;
  readonly target: string;
  /** Of the disk, that stay free whatever happens. */
  readonly reserveBytes: number;
}

export type Copied =
  /** `sha256` in base64. */
  { readonly bytes: number; readonly sha256: string } | { readonly noRoom: string } | ThreadFailure;

class NoRoom extends Error {}

const { file, target, reserveBytes } = workerData as CopyTask;
let isWanted = true;

/** Throws `NoRoom` if the reserve would be touched by so many bytes more. */
function refuseWithoutRoom(bytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(target));
  const free = bavail * bsize;
  if (free - bytes >= reserveBytes) return;
  throw new NoRoom(`${free} bytes are free, ${bytes} are needed, and ${reserveBytes} stay free`);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function copy(): Promise<Copied> {
  try {
    refuseWithoutRoom(sizeOf(file) + sizeOf(`${file}-wal`));
    const source = { file, applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS };
    await backupDatabase(source, target, () => {
      if (!isWanted) throw new Error('nobody waits for it any more');
      refuseWithoutRoom(0);
    });
    const hash = createHash('sha256');
    for await (const part of createReadStream(target)) hash.update(part);
    return { bytes: sizeOf(target), sha256: hash.digest('base64') };
  } catch (error) {
    rmSync(target, { force: true });
    return error instanceof NoRoom ? { noRoom: error.message } : failureOf(error);
  }
}

parentPort?.on('message', () => {
  isWanted = false;
});
parentPort?.postMessage(await copy());
parentPort?.close();
