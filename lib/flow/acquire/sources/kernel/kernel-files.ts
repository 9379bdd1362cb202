/**
 * Small files of /proc and /sys, read in a way that cannot hang the reader for ordinary reasons: never
 * on the event loop's thread, never more than 64 KiB, never waiting for a writer. A file that is not
 * there, or whose driver has no value just now, is a normal state and reads as `undefined`.
 *
 * A driver that never returns still keeps one of libuv's four threads. So each kernel source reads its files
 * one after the other (two of them at once where each takes its time, on 1-Wire), the sampler does not read a
 * busy source again, and devices that hang are counted (`device-turns.ts`).
 */

import { constants } from 'node:fs';
import { open, readdir, readlink } from 'node:fs/promises';
import { codeOf } from '../../../../base/errors.ts';

/** sysfs gives at most one page; /proc/meminfo is half of one. */
const PAGE_BYTES = 4_096;

/** 64 KiB: anything longer is not a file that we know how to read. */
const FILE_PAGES_MAX = 16;

/** A directory of drivers has a few dozen entries; beyond this we would read for longer than a round. */
const ENTRIES_MAX = 512;

/** Not the file's fault: the process or the machine has run out of something, and a person should hear of it. */
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

const inNaturalOrder = new Intl.Collator('en', { numeric: true }).compare;

/**
 * The text of a small file without the newline at its end, or `undefined`. Rejects only when aborted or out of
 * resources.
 */
export async function readText(path: string, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  return absentAsUndefined(async () => {
    // Without O_NONBLOCK, opening a FIFO waits for a writer, for ever, on one of four threads.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return undefined;
      const pages: Buffer[] = [];
      while (pages.length < FILE_PAGES_MAX) {
        const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PAGE_BYTES), 0, PAGE_BYTES);
        if (bytesRead === 0) break;
        pages.push(buffer.subarray(0, bytesRead));
      }
      return Buffer.concat(pages).toString('utf8').trimEnd();
    } finally {
      await handle.close();
    }
  });
}

/** The whole number that a file holds, or `undefined` if it is not there or holds anything else. */
export async function readInteger(path: string, signal: AbortSignal): Promise<number | undefined> {
  const text = await readText(path, signal);
  return text !== undefined && /^-?\d{1,20}$/.test(text) ? Number(text) : undefined;
}

/** The entries of a directory in natural order (`temp2` before `temp10`); none if it is not there. */
export async function listNames(path: string, signal: AbortSignal): Promise<readonly string[]> {
  signal.throwIfAborted();
  const names = await absentAsUndefined(() => readdir(path));
  return (names ?? []).sort(inNaturalOrder).slice(0, ENTRIES_MAX);
}

/** Where a symbolic link points; in sysfs that is the device's place: `../../devices/.../1-0076/hwmon/hwmon2`. */
export async function linkTarget(path: string, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  return absentAsUndefined(() => readlink(path));
}

/** `undefined` for every way in which the kernel says "no value here" (ENOENT, ENODATA, EIO, EACCES ...). */
export async function absentAsUndefined<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || SHORTAGES.has(code)) throw error;
    return undefined;
  }
}
