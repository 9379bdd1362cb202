import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { noSmallDisk, smallDisk } from '../../test/support/small-disk.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { lockDirectories } from './reader-locks.ts';

const reason = noSmallDisk();

/** A data directory, and a ballast of which it is only counted how often it could have been spent. */
function dataDirectory() {
  const dataDir = tempDir();
  let chances = 0;
  const ballast = {
    spendIfFull<T>(write: () => T): T {
      chances += 1;
      return write();
    },
  };
  const lock = (runDir: string) => {
    const locks = lockDirectories({ dataDir, runDir }, process.pid, ballast);
    onTestFinished(() => {
      for (const one of locks) one.release();
    });
    return locks.map(({ file }) => file);
  };
  return { dataDir, lock, chances: () => chances };
}

describe('the directories of a reader', () => {
  it('are locked both, with the ballast for both where they are on one disk', () => {
    const { dataDir, lock, chances } = dataDirectory();
    const runDir = join(dataDir, 'run');
    mkdirSync(runDir);

    expect(lock(runDir)).toEqual([join(dataDir, 'sensor-main.lock'), join(runDir, 'sensor-main.lock')]);
    expect(chances()).toBe(2);
  });

  it('are locked once if they are one', () => {
    const { dataDir, lock } = dataDirectory();

    expect(lock(dataDir)).toEqual([join(dataDir, 'sensor-main.lock')]);
  });

  it('say which of them is full, and do not spend the ballast for a run_dir on another disk', (context) => {
    context.skip(reason !== undefined, reason);
    const { dataDir, lock, chances } = dataDirectory();
    const disk = smallDisk('tmpfs', { mib: 1 });
    disk.fill();

    const refused = expect(() => lock(disk.dir));

    refused.toThrow(
      expect.objectContaining({
        code: 'SGW_DATA_DIR_UNUSABLE',
        message: expect.stringMatching(`^cannot write in ${disk.dir}: .*full`),
        hint: expect.not.stringContaining(dataDir),
      }),
    );
    expect(chances()).toBe(1);
  });
});
