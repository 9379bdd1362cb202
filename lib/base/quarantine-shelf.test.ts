import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import {
  latestBase,
  noteBase,
  noteQuarantined,
  noteSalvaged,
  noteSalvageFailed,
  QUARANTINES_MAX,
  quarantined,
  SALVAGES_MAX,
  tidyShelf,
  unsalvaged,
} from './quarantine-shelf.ts';

const MIB = 1_048_576;
const ROOMY = { bytesMax: 1_000 * MIB, diskReserveBytes: 0 };
const plentyFree = () => 1e12;

function shelf() {
  const file = join(tempDir(), 'outbox.db');
  return {
    file,
    /** A quarantined file of so many MiB; `day` gives its place in time. */
    put(day: number, mib = 1): string {
      const dir = join(dirname(file), 'quarantine', `2026-01-${String(day).padStart(2, '0')}`);
      mkdirSync(dir, { recursive: true });
      noteQuarantined(dir, { reason: 'test', at: day, firstSeq: day });
      writeFileSync(join(dir, basename(file)), Buffer.alloc(mib * MIB));
      return dir;
    },
  };
}

describe('the quarantine', () => {
  it(`keeps ${QUARANTINES_MAX} salvaged files, and removes the oldest first`, () => {
    const { file, put } = shelf();
    const dirs = Array.from({ length: QUARANTINES_MAX + 2 }, (_, day) => put(day + 1, 0));
    for (const dir of dirs) noteSalvaged(dir, {});

    const removed = tidyShelf(file, ROOMY, plentyFree);

    expect(removed.map(({ dir }) => dir)).toEqual(dirs.slice(0, 2));
    expect(quarantined(file).map(({ dir }) => dir)).toEqual(dirs.slice(2));
  });

  it('keeps within its bytes, and never removes a file whose rows are still to be brought back', () => {
    const { file, put } = shelf();
    const [waiting, salvaged, newest] = [put(1, 3), put(2, 3), put(3, 3)];
    noteSalvaged(salvaged, {});
    noteSalvaged(newest, {});

    const removed = tidyShelf(file, { ...ROOMY, bytesMax: 7 * MIB }, plentyFree);

    expect(removed.map(({ dir }) => dir)).toEqual([salvaged]);
    expect(quarantined(file)).toMatchObject([
      { dir: waiting, bytes: 3 * MIB, state: 'waiting' },
      { dir: newest, bytes: 3 * MIB, state: 'salvaged' },
    ]);
  });

  it('makes room on a disk that nears its reserve before any reading has to go', () => {
    const { file, put } = shelf();
    const [first, second] = [put(1), put(2)];
    noteSalvaged(first, {});
    noteSalvaged(second, {});
    const free = () => (existsSync(first) ? 19 * MIB : 21 * MIB);

    const removed = tidyShelf(file, { ...ROOMY, diskReserveBytes: 10 * MIB }, free);

    expect(removed.map(({ dir }) => dir)).toEqual([first]);
  });

  it('gives up a file whose salvage keeps failing, and parts with it last', () => {
    const { file, put } = shelf();
    const [bad, good] = [put(1, 3), put(2, 3)];
    noteSalvaged(good, {});
    for (let time = 1; time <= SALVAGES_MAX; time += 1) {
      expect(unsalvaged(file)).toEqual([bad]);
      expect(noteSalvageFailed(bad, `trouble ${time}`)).toBe(time);
    }

    expect(unsalvaged(file)).toEqual([]);
    expect(quarantined(file)[0]).toMatchObject({ state: 'given_up', failure: 'trouble 3' });
    expect(tidyShelf(file, { ...ROOMY, bytesMax: 5 * MIB }, plentyFree).map(({ dir }) => dir)).toEqual([
      good,
    ]);
    expect(tidyShelf(file, { ...ROOMY, bytesMax: 2 * MIB }, plentyFree).map(({ dir }) => dir)).toEqual([bad]);
  });

  it('waits for what a link leads to, and counts a torn note as none', () => {
    const { file, put } = shelf();
    const dir = put(1);
    rmSync(join(dir, basename(file)));
    symlinkSync(join(dir, 'elsewhere'), join(dir, basename(file)));
    writeFileSync(join(dir, 'about.json'), '{"reason": "half a no');

    expect(quarantined(file)).toMatchObject([{ state: 'waiting', reason: 'not known', bytes: 0 }]);
    expect(unsalvaged(file)).toEqual([]);
    writeFileSync(join(dir, 'elsewhere'), 'it is back');
    expect(unsalvaged(file)).toEqual([dir]);
  });
});

describe('where seqs begin', () => {
  it('is remembered when somebody has tidied the quarantine away, and when the note beside the file is gone', () => {
    const { file, put } = shelf();
    expect(latestBase(file)).toBeUndefined();
    put(7);
    expect(latestBase(file)).toBe(7);
    expect(latestBase(join(dirname(file), 'another.db'))).toBeUndefined();
    noteBase(file, 9);
    rmSync(join(dirname(file), 'quarantine'), { recursive: true });

    expect(latestBase(file)).toBe(9);
  });
});
