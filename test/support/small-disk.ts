/** A file system of its own for a test: small, so that it can be filled, and gone with the test. Needs root. */

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tempDir } from './temp-dir.ts';

export type DiskKind = 'tmpfs' | 'ext4';

export interface SmallDisk {
  readonly dir: string;
  /** Takes all the room that is left with a file of its own. */
  fill(): void;
  /** Gives that room back. */
  empty(): void;
  /** Takes every inode that is left. */
  fillInodes(): void;
  emptyInodes(): void;
  /** ext4 only: as if the card had failed. Read-only from now on, for files that are open, too. */
  abort(): void;
  /** What a reboot does: unmounts and mounts again. Nothing may be open. */
  remount(): void;
}

/** Why there can be no such disk here; `undefined` if there can. */
export function noSmallDisk(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting a file system needs root';
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-mount-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', dir);
    run('umount', dir);
    return undefined;
  } catch {
    return 'this machine lets nobody mount file systems';
  } finally {
    rmdirSync(dir);
  }
}

export function smallDisk(kind: DiskKind, options: { mib: number; inodes?: number }): SmallDisk {
  const parent = tempDir();
  const dir = join(parent, 'disk');
  execFileSync('mkdir', [dir]);
  const inodes = options.inodes ?? 1_000;
  if (kind === 'tmpfs') {
    run('mount', '-t', 'tmpfs', '-o', `size=${options.mib}M,nr_inodes=${inodes}`, 'tmpfs', dir);
  } else {
    const image = join(parent, 'disk.img');
    writeFileSync(image, '');
    truncateSync(image, options.mib * 1_048_576);
    run('mkfs.ext4', '-q', '-m', '0', '-N', String(inodes), image);
    run('mount', '-o', 'loop', image, dir);
  }
  onTestFinished(() => void run('umount', '--lazy', dir));
  const filler = join(dir, 'filler');

  return {
    dir,
    fill() {
      const handle = openSync(filler, 'a');
      for (const size of [1_048_576, 4_096, 512])
        untilRefused(() => writeSync(handle, Buffer.alloc(size, 1)));
      closeSync(handle);
    },
    empty: () => rmSync(filler, { force: true }),
    fillInodes() {
      run('mkdir', '-p', join(dir, 'many'));
      let i = 0;
      untilRefused(() => closeSync(openSync(join(dir, 'many', String(i++)), 'w')));
    },
    emptyInodes: () => rmSync(join(dir, 'many'), { recursive: true, force: true }),
    abort: () => run('mount', '-o', 'remount,abort', dir),
    remount() {
      run('umount', dir);
      run('mount', '-o', 'loop', join(parent, 'disk.img'), dir);
    },
  };
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function untilRefused(write: () => unknown): void {
  try {
    for (;;) write();
  } catch {
    // Full, which is what was wanted.
  }
}
