/**
 * A file of zeros beside the outbox that is given up first when the disk is full. Deleting rows does not
 * help there, because the deletion itself must be written to the log first: at ENOSPC an insert, a delete
 * and a checkpoint all fail alike. Only room from outside helps, and this file is that room.
 */

import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDiskFull } from '../../base/disk-condition.ts';
import { freeBytesAt } from '../../base/free-bytes.ts';

export interface BallastOptions {
  readonly file: string;
  /** Room that must be left on the disk once the ballast is complete. */
  readonly diskReserveBytes: number;
  readonly bytes?: number;
}

export interface Ballast {
  /** Runs `write`; at a full disk gives the ballast up and runs it once more. Throws what `write` throws. */
  spendIfFull<T>(write: () => T): T;
  /** Makes what is missing of it, a bounded step at a time, while there is room to spare. Never throws. */
  grow(): void;
}

/** Twice the largest WAL, so that a checkpoint and the rounds of some hours fit into the room it leaves. */
export const BALLAST_BYTES = 8 * 1_048_576;
/** Written at once, within somebody's round: 0.1 s on a slow card. */
const STEP_BYTES = 1_048_576;

export function createBallast({ file, diskReserveBytes, bytes = BALLAST_BYTES }: BallastOptions): Ballast {
  // Zeros that are written, because a sparse file holds no room.
  const zeros = Buffer.alloc(Math.min(STEP_BYTES, bytes));

  function spend(): boolean {
    const held = sizeOf(file);
    rmSync(file, { force: true });
    return held > 0;
  }

  return {
    spendIfFull(write) {
      try {
        return write();
      } catch (error) {
        if (!isDiskFull(error) || !unlessRefused(spend)) throw error;
        return write();
      }
    },
    grow() {
      const missing = bytes - sizeOf(file);
      if (missing <= 0) return;
      const free = freeBytesAt(dirname(file));
      if (free === undefined || free < missing + diskReserveBytes) return;
      unlessRefused(() => {
        append(file, zeros.subarray(0, Math.min(zeros.length, missing)));
        return true;
      });
    },
  };
}

function append(file: string, zeros: Uint8Array): void {
  const handle = openSync(file, 'a', 0o640);
  try {
    writeSync(handle, zeros);
  } finally {
    closeSync(handle);
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** A disk that is read-only or broken keeps the ballast as it is; the caller's own write says so better. */
function unlessRefused(work: () => boolean): boolean {
  try {
    return work();
  } catch {
    return false;
  }
}
