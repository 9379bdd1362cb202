/**
 * How large the outbox may become: a bound in bytes, and a reserve of the disk that is left to others.
 * Measured in pages that are in use, which costs three look-ups in the header of the file and no row.
 * Near a bound it says how much must go; what goes is up to `room.ts`.
 */

import { dirname } from 'node:path';
import { freeBytesAt } from '../../base/free-bytes.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';

export interface OutboxBounds {
  /** Bytes that the rows and their tables may take. */
  readonly bytesMax: number;
  /** While the disk has less room than this, the file does not grow. */
  readonly diskReserveBytes: number;
}

/** Which bound it was that readings had to go for. */
export type BoundName = 'bytes_max' | 'disk_reserve';

export interface Excess {
  readonly bytes: number;
  /** Bytes in use, that are to become less. */
  readonly ofBytes: number;
  readonly bound: BoundName;
}

export interface BoundsWatch {
  /** How much must leave the outbox; `undefined` while it is within its bounds. */
  excess(): Excess | undefined;
}

/** Above this share of `bytesMax` room is made, so that the bound itself is never met. */
export const HIGH_SHARE = 0.9;
/** Down to this share, so that it happens now and then and not with every round. */
const LOW_SHARE = 0.85;

/**
 * So much the outbox may hold however little room the disk has, 4 MiB: about two days at five readings
 * every 10 s. Giving that up would save no disk that somebody else has filled.
 */
const ALWAYS_ALLOWED_BYTES = 4 * 1_048_576;
/** Free pages that a file which may not grow keeps for the rounds to come: 256 KiB, some hours. */
const FREE_PAGES_WANTED = 64;

export function watchBounds(
  database: SqliteDatabase,
  bounds: OutboxBounds,
  freeBytes: () => number | undefined = () => freeBytesAt(dirname(database.name)),
): BoundsWatch {
  const { bytesMax, diskReserveBytes } = bounds;
  const pageBytes = pragma(database, 'page_size');
  let isOver = false;

  function overBytesMax(usedBytes: number): Excess | undefined {
    isOver = usedBytes > bytesMax * (isOver ? LOW_SHARE : HIGH_SHARE);
    if (!isOver) return undefined;
    return { bytes: usedBytes - bytesMax * LOW_SHARE, ofBytes: usedBytes, bound: 'bytes_max' };
  }

  function intoReserve(usedBytes: number, freePages: number): Excess | undefined {
    if (usedBytes <= ALWAYS_ALLOWED_BYTES || freePages >= FREE_PAGES_WANTED) return undefined;
    const free = freeBytes();
    if (free === undefined || free >= diskReserveBytes) return undefined;
    return {
      bytes: (FREE_PAGES_WANTED - freePages) * pageBytes,
      ofBytes: usedBytes,
      bound: 'disk_reserve',
    };
  }

  return {
    excess() {
      const freePages = pragma(database, 'freelist_count');
      const usedBytes = (pragma(database, 'page_count') - freePages) * pageBytes;
      return overBytesMax(usedBytes) ?? intoReserve(usedBytes, freePages);
    },
  };
}

function pragma(database: SqliteDatabase, name: string): number {
  return Number(database.pragma(name, { simple: true }));
}
