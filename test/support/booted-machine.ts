/**
 * A machine of its own for a test: Debian with a real systemd as PID 1 in a container, booted in a second
 * on a throw-away file system, and gone with the test. Needs root. Its limits are those of version 1 of
 * cgroups; what needs version 2, a kernel or a device is for the virtual machine.
 */

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type ChildProgram, startCommand } from './child-program.ts';
import { BOOTABLE, debianRoot, whyNoDebianRoot } from './debian-root.ts';
import type { OnTestFinished } from './temp-dir.ts';

export type Release = 'bookworm' | 'trixie';

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Machine {
  /** Its root directory, as this machine sees it. */
  readonly root: string;
  /** Its journal from the boot on, one entry a line: `MESSAGE`, `PRIORITY`, `_SYSTEMD_UNIT` (who says it), `UNIT` (of whom systemd says it). */
  readonly journal: ChildProgram;
  /** Runs a command in it as root. */
  run(command: string, ...args: string[]): Promise<Result>;
  /** The same; rejects with what it said unless it ends with 0. Returns its standard output. */
  do(command: string, ...args: string[]): Promise<string>;
  /** Properties of a unit, from `systemctl show`. */
  show(unit: string): Promise<Readonly<Record<string, string>>>;
  /** Resolves when `check` says so; it is asked again and again, with a pause, until the test's own time is up. */
  until(check: () => Promise<boolean>, pauseMs?: number): Promise<void>;
  /** Writes a file into it, with the directories above it. */
  put(path: string, text: string, mode?: number): void;
  /** Copies files of this machine into it. */
  copy(from: string, to: string): void;
  read(path: string): string;
  /** Resolves when it is gone: was it powered off or rebooted from within? It does not come back by itself. */
  ended(): Promise<'off' | 'rebooted'>;
}

export interface MachineOptions {
  readonly release?: Release;
  /** Files and directories of this machine that it sees read-only, and where. */
  readonly binds?: Readonly<Record<string, string>>;
  /** Of a test that runs beside others. */
  readonly onTestFinished?: OnTestFinished;
}

/** Often enough not to cost a test time, seldom enough to leave the machine to what is tested. */
const LOOK_AGAIN_MS = 200;

/** What systemd-nspawn ends with then. */
const REBOOTED = 133;

let machines = 0;

/** Why there can be no such machine here; `undefined` if there can. */
export function whyNoBootedMachine(): string | undefined {
  const missing = ['systemd-nspawn', 'nsenter', 'setpriv', 'unshare'].find(
    (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0,
  );
  return whyNoDebianRoot() ?? (missing === undefined ? undefined : `${missing} is not installed`);
}

/** For the hook that makes it: half a minute, and many times that on a machine that has more to do. */
export const MAKING_MS = 600_000;

/** What its machines boot from: made now if it is not in the cache, which takes a minute. */
export function bootableRoot(release: Release): string {
  return debianRoot({ release, packages: [...BOOTABLE, 'curl'] });
}

/** Rejects with the console's words if it does not come up. */
export async function bootMachine(options: MachineOptions = {}): Promise<Machine> {
  const { release = 'bookworm', binds = {}, onTestFinished: finished = onTestFinished } = options;
  machines += 1;
  const name = `sensorgw-${process.pid}-${machines}`;
  const binding = Object.entries(binds).map(([from, to]) => `--bind-ro=${from}:${to}`);
  const boot = join(import.meta.dirname, 'boot-machine.sh');
  const args = ['--mount', '--propagation', 'private', boot, bootableRoot(release), name, ...binding];
  const launcher = startCommand('setpriv', ['--pdeathsig', 'TERM', 'unshare', ...args], {}, () => {});
  finished(async () => {
    launcher.kill('SIGTERM');
    await launcher.exited;
  });
  const booted = await launcher.line((line) => line.text.startsWith('booted '));
  const leader = booted.text.split(' ')[1] ?? '';
  const root = `/proc/${leader}/root`;
  const enter = ['-t', leader, '-m', '-u', '-i', '-n', '-p', '-C', '--', 'env', '-i', ...ENVIRONMENT];
  const fields = '--output-fields=MESSAGE,PRIORITY,UNIT,_SYSTEMD_UNIT';
  const journalctl = ['journalctl', '--follow', '--lines=all', '--output=json', fields];

  const machine: Machine = {
    root,
    journal: startCommand('nsenter', [...enter, ...journalctl], {}, (end) =>
      finished((context) => void end(context)),
    ),
    run: (command, ...rest) => captured('nsenter', [...enter, command, ...rest]),
    async do(command, ...rest) {
      const { code, stdout, stderr } = await machine.run(command, ...rest);
      if (code !== 0)
        throw new Error(`${[command, ...rest].join(' ')} ended with ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    async show(unit) {
      const lines = (await machine.do('systemctl', 'show', unit)).split('\n');
      return Object.fromEntries(lines.map((line) => [line.split('=', 1)[0], line.replace(/^[^=]*=/, '')]));
    },
    async until(check, pauseMs = LOOK_AGAIN_MS) {
      while (!(await check())) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    },
    put(path, text, mode = 0o644) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      chmodSync(join(root, path), mode);
    },
    copy: (from, to) => cpSync(from, join(root, to), { recursive: true }),
    read: (path) => readFileSync(join(root, path), 'utf8'),
    async ended() {
      let code: number | null | undefined;
      void launcher.exited.then((status) => {
        code = status.code;
      });
      await machine.until(async () => {
        // A shutdown first stops all processes. nsenter stops along with the one that it has started, and
        // does then not see it end, for which the shutdown waits.
        machine.journal.kill('SIGCONT');
        return code !== undefined;
      });
      return code === REBOOTED ? 'rebooted' : 'off';
    },
  };
  return machine;
}

/** Nothing of this machine's own environment; no pager, which would wait for a key. */
const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LANG=C.UTF-8',
  'SYSTEMD_PAGER=',
  'SYSTEMD_COLORS=0',
];

function captured(command: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
