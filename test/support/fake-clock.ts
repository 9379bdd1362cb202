/**
 * Programs under a wall clock that the test moves while they run (libfaketime, preloaded): their monotonic clock
 * stays the machine's own, as it does when a real clock is set.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from './temp-dir.ts';

export interface FakeClock {
  /** For a program that is to live by it. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on, within a second, it is so far from the truth. */
  set(offsetS: number): void;
}

/** Why there can be no such clock here; `undefined` if there can. */
export function noFakeClock(): string | undefined {
  return library() === undefined ? 'libfaketime is not installed: apt-get install faketime' : undefined;
}

export function fakeClock(offsetS: number): FakeClock {
  const file = join(tempDir(), 'offset');
  const clock: FakeClock = {
    env: {
      LD_PRELOAD: library() ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set(seconds) {
      // Whole at every moment: a half-written number would be another time.
      writeFileSync(`${file}.new`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s\n`);
      renameSync(`${file}.new`, file);
    },
  };
  clock.set(offsetS);
  return clock;
}

function library(): string | undefined {
  // Debian has a directory for each architecture.
  return readdirSync('/usr/lib')
    .map((name) => join('/usr/lib', name, 'faketime/libfaketime.so.1'))
    .find((path) => existsSync(path));
}

/** Why no program can be given a /run of its own here; `undefined` if one can. */
export function noOwnRun(): string | undefined {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/run/systemd'], {
      stdio: 'ignore',
    });
    return undefined;
  } catch {
    return 'a /run of its own needs root and unshare';
  }
}

/** The command line that gives a program a /run/systemd of its own, in which timesyncd has just synchronised the clock. */
export function underTimesyncd(env: Readonly<Record<string, string>>, command: readonly string[]): string[] {
  const script = `mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/timesync && touch ${SYNCHRONIZED} && exec env "$@"`;
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', ...settings, ...command];
}

const SYNCHRONIZED = '/run/systemd/timesync/synchronized';

/** As timesyncd does when it has synchronised the clock once more. */
export function synchronizeAgain(pid: number): void {
  execFileSync('nsenter', ['--mount', '--target', String(pid), 'touch', SYNCHRONIZED]);
}
