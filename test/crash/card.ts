/**
 * A memory card in a file: an ext4 image on a loop device. Cutting its power keeps exactly what had
 * reached the block layer: the image is copied while the writer is stopped, and the copy is what the next
 * mount finds, with a journal to replay. Whatever was only in the page cache of the file system is gone.
 *
 * Models an honest card. One that confirms what it has not written is beyond any program.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { ChildProgram } from '../support/child-program.ts';
import { tempDir } from '../support/temp-dir.ts';

export interface Card {
  /** Where it is mounted, always the same path. */
  readonly dir: string;
  /** Stops `writer` in its tracks, cuts the power, kills it, and mounts what the card still has. */
  cutPower(writer: ChildProgram): Promise<void>;
}

/** ext4 with room for a journal; small, because each cut copies it. */
const IMAGE_SIZE = '48M';

/** Why there can be no card on this machine; `undefined` if there can. */
export function whyNoCard(): string | undefined {
  if (process.getuid?.() !== 0) return 'a loop device needs root';
  for (const tool of ['mke2fs', 'losetup', 'mount']) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `${tool} is not installed`;
  }
  const { status, stderr } = spawnSync('losetup', ['--find'], { encoding: 'utf8' });
  return status === 0 ? undefined : `there are no loop devices here: ${stderr.trim()}`;
}

export function createCard(): Card {
  const place = tempDir();
  const image = join(place, 'image');
  const snapshot = join(place, 'snapshot');
  const dir = join(place, 'mounted');
  mkdirSync(dir);
  run('truncate', '-s', IMAGE_SIZE, image);
  run('mke2fs', '-q', '-F', '-t', 'ext4', image);
  const mount = () => run('mount', '-o', 'loop', image, dir);
  mount();
  onTestFinished(() => {
    spawnSync('umount', [dir]);
  });

  return {
    dir,
    async cutPower(writer) {
      writer.kill('SIGSTOP');
      // A sync that is under way comes to its end first; the copy would otherwise be torn in itself.
      while (!/^\d+ \(.*\) T/.test(readFileSync(`/proc/${writer.pid}/stat`, 'utf8'))) await turn();
      copyFileSync(image, snapshot);
      writer.kill('SIGKILL');
      await writer.exited;
      run('umount', dir);
      renameSync(snapshot, image);
      mount();
    },
  };
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}
