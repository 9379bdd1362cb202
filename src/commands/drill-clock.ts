/** A clock for one program that can be set: libfaketime, which leaves the monotonic clock as it is. */

import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../../lib/base/errors.ts';

const OFFSET_FILE = 'clock-offset';

/** What a program needs in its environment to live by it; started in the directory that `setFakeClock` writes to. */
export function fakeClockLibrary(): Readonly<Record<string, string>> {
  const library = found();
  if (library === undefined) {
    throw new GatewayError(
      'SGW_USAGE',
      'libfaketime is not installed, and the clock of this machine is not ours to set',
      {
        hint: 'Say: sudo apt-get install faketime',
      },
    );
  }
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: OFFSET_FILE,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** From now on, within a second, it is so far from the truth. */
export function setFakeClock(dir: string, offsetS: number): void {
  const file = join(dir, OFFSET_FILE);
  // Whole at every moment: a half-written number would be another time.
  writeFileSync(`${file}.new`, `${offsetS < 0 ? '-' : '+'}${Math.abs(offsetS)}s\n`);
  renameSync(`${file}.new`, file);
}

/** Debian has a directory for each architecture. */
function found(): string | undefined {
  for (const name of readdirSync('/usr/lib')) {
    const path = join('/usr/lib', name, 'faketime/libfaketime.so.1');
    try {
      if (readdirSync(join('/usr/lib', name, 'faketime')).includes('libfaketime.so.1')) return path;
    } catch {
      // No such directory here.
    }
  }
  return undefined;
}
