/**
 * The kernel's files of a board, from a listing of a page: `test/fixtures/sysfs/boards/NAME.board`. A line that
 * begins with a slash names a directory, or a link (`/a -> b`); the indented lines under it are its files
 * (`name = text`, quoted where a text has several lines or is empty). Every file ends with a newline, as the
 * kernel writes them, but for an empty one.
 */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tempDir } from './temp-dir.ts';

const BOARDS = join(import.meta.dirname, '../fixtures/sysfs/boards');

export interface SysfsBoard {
  readonly dir: string;
  readonly sysDir: string;
  readonly procDir: string;
}

/** `change` edits the listing first: other numbers, another answer, a device unplugged. */
export function sysfsBoard(name: string, change: (listing: string) => string = (same) => same): SysfsBoard {
  const dir = tempDir();
  expandListing(change(readFileSync(join(BOARDS, `${name}.board`), 'utf8')), dir);
  return { dir, sysDir: join(dir, 'sys'), procDir: join(dir, 'proc') };
}

/** The kernel's numbers in another order, as after a boot: the names of the same devices are swapped around. */
export function renumbered(listing: string): string {
  return listing
    .replace(/\bhwmon(\d+)\b/g, (_all, n: string) => `hwmon${9 - Number(n)}`)
    .replace(/\biio:device(\d+)\b/g, (_all, n: string) => `iio:device${7 - Number(n)}`);
}

/** Writes what a listing says below `root`. Throws for a line that it does not understand. */
function expandListing(listing: string, root: string): void {
  let dir = root;
  for (const [index, line] of listing.split('\n').entries()) {
    const link = /^(\/\S+) -> (\S+)$/.exec(line);
    const heading = /^(\/\S+)$/.exec(line);
    const file = /^ {2}(\S+) = (.*)$/.exec(line);
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (link?.[1] !== undefined && link[2] !== undefined) {
      const path = join(root, link[1]);
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(link[2], path);
    } else if (heading?.[1] !== undefined) {
      dir = join(root, heading[1]);
      mkdirSync(dir, { recursive: true });
    } else if (file?.[1] !== undefined && file[2] !== undefined) {
      const path = join(dir, file[1]);
      const text: unknown = file[2].startsWith('"') ? JSON.parse(file[2]) : file[2];
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text === '' ? '' : `${text}\n`);
    } else throw new Error(`line ${index + 1} of the listing is not understood: ${line}`);
  }
}
