/**
 * Looks at files, one call of the kernel each: for a thread that may hang, and never for one that others wait for.
 * As the doctor's probe looks, without a program for each file: the monitor looks all its life.
 */

import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import type { FileStat, Room } from '../doctor/probe.ts';

const FILE_BYTES_MAX = 262_144;

/** Its first 256 KiB; `undefined` if there is none. */
export function readText(path: string): string | undefined {
  return ifThere(() => {
    const handle = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(FILE_BYTES_MAX);
      let length = 0;
      // Files of the kernel come in pieces, and have no length of their own.
      for (;;) {
        const read = readSync(handle, bytes, length, FILE_BYTES_MAX - length, null);
        length += read;
        if (read === 0 || length === FILE_BYTES_MAX) return bytes.toString('utf8', 0, length);
      }
    } finally {
      closeSync(handle);
    }
  });
}

export function namesIn(dir: string): readonly string[] | undefined {
  return ifThere(() => readdirSync(dir));
}

/** Of the thing itself, or of what a link leads to with `follow`. */
export function statOf(path: string, follow: boolean): FileStat | undefined {
  return ifThere(() => {
    const stats = follow ? statSync(path) : lstatSync(path);
    const { mode, uid, gid, size, mtimeMs } = stats;
    return { kind: kindOf(stats), mode: mode & 0o7777, uid, gid, bytes: size, changedAt: mtimeMs };
  });
}

function kindOf(stats: Stats): FileStat['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'device' : 'other';
}

/** Without links; `undefined` if there is no such thing. */
export function realPathOf(path: string): string | undefined {
  return ifThere(() => realpathSync(path));
}

export function roomAt(path: string): Room | undefined {
  return ifThere(() => {
    const { bsize, blocks, bavail, files, ffree } = statfsSync(path);
    return { bytes: bsize * blocks, bytesFree: bsize * bavail, inodes: files, inodesFree: ffree };
  });
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENODEV'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
