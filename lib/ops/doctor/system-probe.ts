/**
 * The probe for a real machine. Files are looked at by small programs of the system, not by Node itself:
 * a call that hangs on a dead disk or mount would keep a Node process from ever ending, while a program
 * that hangs can be left behind.
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { askHttp } from '../../base/http/ask.ts';
import { type FileStat, NoAnswer, NotPermitted, type Probe, type Ran } from './probe.ts';

/** Less than a check may take as a whole, so that it can say what did not answer. */
const RUN_MAX_MS = 15_000;
/** A destination may be on the other side of the world; a person waits. */
const FETCH_MAX_MS = 5_000;
const FILE_BYTES_MAX = 262_144;
/** A journal excerpt of a bundle is the largest thing that is asked for. */
const OUTPUT_BYTES_MAX = 4_194_304;

export interface SystemProbeOptions {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function createSystemProbe({ clock, environment }: SystemProbeOptions): Probe {
  const env = {
    ...environment,
    // Answers are read by us, so they must be in one language; and sbin is not on everybody's path.
    LC_ALL: 'C',
    SYSTEMD_PAGER: '',
    PATH: `${environment.PATH ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`,
  };

  const run: Probe['run'] = async (command, args) => {
    const ran = await withDeadline(clock, command, RUN_MAX_MS, (signal) =>
      runOnce(command, args, env, signal),
    );
    if (ran.late) throw new NoAnswer([command, ...args].join(' '), RUN_MAX_MS);
    return ran.value;
  };

  /** The output of a program that looks at one path; `undefined` if the path does not exist. */
  async function look(path: string, command: string, args: readonly string[]): Promise<string | undefined> {
    const ran = await run(command, [...args, '--', path]);
    if (ran === undefined) throw new Error(`${command} is not installed`);
    if (ran.code === 0) return ran.stdout;
    if (/No such file or directory|Not a directory/.test(ran.stderr)) return undefined;
    if (/Permission denied|Operation not permitted/.test(ran.stderr)) throw new NotPermitted(path);
    throw new Error(ran.stderr.trim() || `${command} failed on ${path}`);
  }

  return {
    run,
    readFile: (path) => look(path, 'head', ['-c', String(FILE_BYTES_MAX)]),
    async list(dir) {
      return (await look(dir, 'ls', ['-1A']))?.split('\n').filter((name) => name !== '');
    },
    async stat(path, options) {
      const line = await look(path, 'stat', [...(options?.follow ? ['-L'] : []), '-c', '%f %u %g %s %Y']);
      return line === undefined ? undefined : parseStat(line);
    },
    async room(path) {
      const line = await look(path, 'stat', ['-f', '-c', '%S %b %a %c %d']);
      if (line === undefined) return undefined;
      const [size = 0, blocks = 0, blocksFree = 0, inodes = 0, inodesFree = 0] = line.split(' ').map(Number);
      return { bytes: size * blocks, bytesFree: size * blocksFree, inodes, inodesFree };
    },
    async fetch(url, options = {}) {
      try {
        const { caFile } = options;
        const ca =
          caFile === undefined ? undefined : await look(caFile, 'head', ['-c', String(FILE_BYTES_MAX)]);
        const got = await withDeadline(clock, 'fetch', FETCH_MAX_MS, (signal) =>
          askHttp(url, { ca, signal }),
        );
        return got.late ? { error: `no answer within ${FETCH_MAX_MS / 1_000} s` } : got.value;
      } catch (error) {
        return { error: codeOf(error) ?? messageOf(error) };
      }
    },
  };
}

function parseStat(line: string): FileStat {
  const [raw = '0', uid = 0, gid = 0, bytes = 0, changedS = 0] = line.trim().split(' ');
  const mode = Number.parseInt(String(raw), 16);
  const kind = KINDS.get(mode & constants.S_IFMT) ?? 'other';
  return {
    kind,
    mode: mode & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    bytes: Number(bytes),
    changedAt: Number(changedS) * 1_000,
  };
}

const KINDS: ReadonlyMap<number, FileStat['kind']> = new Map([
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFLNK, 'link'],
  [constants.S_IFCHR, 'device'],
  [constants.S_IFBLK, 'device'],
]);

function runOnce(
  command: string,
  args: readonly string[],
  env: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<Ran | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    let bytes = 0;
    const abandon = () => {
      child.kill('SIGKILL');
      // A process in the middle of a dead disk's call outlives even that: it must not hold us back.
      child.unref();
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
    };
    signal.addEventListener('abort', () => child.exitCode ?? abandon(), { once: true });
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (part: string) => {
        bytes += part.length;
        if (bytes > OUTPUT_BYTES_MAX) abandon();
        else said[name] += part;
      });
    }
    child.once('error', (error) => {
      if (codeOf(error) === 'ENOENT') resolve(undefined);
      else if (codeOf(error) === 'EACCES') reject(new NotPermitted(command));
      else reject(error);
    });
    child.once('close', (code) => resolve({ code: code ?? 1, ...said }));
  });
}
