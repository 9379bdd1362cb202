/**
 * A Debian that a test can boot, in a directory: unpacked by mmdebstrap through the package sources of this
 * machine, with this machine's own Node, and kept in a cache, because that takes half a minute. Whoever
 * boots it must not write to it: an overlay or an image of it is theirs.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../lib/base/errors.ts';

export interface DebianRootOptions {
  /** Code name; left out: this machine's, whose libraries its Node and the addons were linked with. */
  readonly release?: string;
  /** Beside a minimal base. */
  readonly packages: readonly string[];
}

/** What systemd needs to be PID 1. Shared, so that one directory serves every suite that boots it. */
export const BOOTABLE = ['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'procps', 'iproute2'];

/**
 * Where what is slow to make stays from one run to the next. A CI may keep it; deleting it is always safe. An empty
 * variable counts as not set (XDG Base Directory Specification).
 */
const CACHE_DIR = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sensor-gateway-tests');

/** Why there can be no such directory on this machine; `undefined` if there can. */
export function whyNoDebianRoot(): string | undefined {
  if (process.getuid?.() !== 0) return 'a Debian to boot can only be unpacked by root';
  if (spawnSync('mmdebstrap', ['--version']).status !== 0) return 'mmdebstrap is not installed';
  return undefined;
}

/** The directory, from the cache if it is there. Takes about half a minute if not; throws what mmdebstrap says. */
export function debianRoot({ release = hostRelease(), packages }: DebianRootOptions): string {
  const ofHost = release === hostRelease();
  const node = realpathSync(process.execPath);
  // Debian's own Node is a small program around a large library: then the package is the way to have both.
  const packaged = !ofHost || run('ldd', [node]).includes('libnode');
  const wanted = [...new Set([...packages, ...(packaged ? ['nodejs'] : ['libstdc++6'])])].sort();
  const key = JSON.stringify([release, wanted, packaged ? 'packaged' : process.versions.node]);
  return cached('debian-root', key, (place) => {
    const sources = packageSources(release, ofHost);
    // As a tar first: a run that fails leaves no half unpacked directory with mounts in it.
    const tar = join(place, 'root.tar');
    run('mmdebstrap', [
      '--quiet',
      '--variant=minbase',
      `--include=${wanted.join(',')}`,
      release,
      tar,
      sources,
    ]);
    const root = join(place, 'root');
    mkdirSync(root);
    run('tar', ['-C', root, '-xf', tar]);
    rmSync(tar);
    if (!packaged) copyFileSync(node, join(root, 'usr/bin/node'));
    // systemd gives every boot of it an identity of its own.
    writeFileSync(join(root, 'etc/machine-id'), '');
    return root;
  });
}

/** What `make` leaves behind in the place it gets, made once for each `key`; it returns a path in there. */
export function cached(name: string, key: string, make: (place: string) => string): string {
  const place = join(CACHE_DIR, `${name}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`);
  const note = join(place, 'made');
  const done = () => join(place, readFileSync(note, 'utf8'));
  if (existsSync(note)) return done();
  mkdirSync(CACHE_DIR, { recursive: true });
  return alone(`${place}.lock`, () => {
    // Another process may have made it while this one waited; it may be in use already.
    if (existsSync(note)) return done();
    const fresh = mkdtempSync(join(CACHE_DIR, 'making-'));
    try {
      const made = make(fresh);
      writeFileSync(join(fresh, 'made'), made.slice(fresh.length + 1));
      // A place without its note is what an earlier run was stopped in.
      rmSync(place, { recursive: true, force: true });
      renameSync(fresh, place);
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true });
      throw error;
    }
    return done();
  });
}

const LOOK_AGAIN_MS = 200;

/** While one process is at it, others that want the same wait. The lock of a process that is gone is nobody's. */
function alone<T>(lock: string, act: () => T): T {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    while (!taken(own, lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
  } finally {
    rmSync(own);
  }
  try {
    return act();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A link, because it comes into being with its contents. */
function taken(own: string, lock: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (isForsaken(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isForsaken(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    // Any other failure means that it was given back just now, or is another user's.
    return codeOf(error) === 'ESRCH';
  }
}

function hostRelease(): string {
  const release = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (release === undefined) throw new Error('/etc/os-release names no release: is this Debian?');
  return release;
}

/** The mirror that apt uses here, because another may be out of reach. */
function packageSources(release: string, ofHost: boolean): string {
  const own = '/etc/apt/sources.list.d/debian.sources';
  if (ofHost && existsSync(own)) return own;
  const sites = run('apt-get', ['indextargets', '--format', '$(SITE)']).split('\n');
  const site = sites.find((one) => /\/debian\/?$/.test(one));
  if (site === undefined)
    throw new Error('apt knows no mirror of Debian: is there an `apt-get update` to be run?');
  return `deb ${site} ${release} main`;
}

/** Runs it to its end; throws with its words if it fails. */
export function run(command: string, args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
