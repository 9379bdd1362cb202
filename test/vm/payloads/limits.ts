/**
 * Runs inside a machine, as root: installs the units as they are, and holds both programs to one limit after
 * the other, while they sample and deliver. After each it stops them and asks the files for every reading
 * that the journal says was accepted. One JSON line for each limit, for the test outside.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeqRanges } from '../../../lib/flow/seq-ranges.ts';
import { addRange, audit } from '../../crash/audit.ts';
import { outboxBooks, storeBooks } from '../../crash/books.ts';

const APP = '/opt/sensor-gateway';
const DATA = '/var/lib/sensor-gateway';
const READER = 'sensor-main';
const UNITS = ['sensor-api-write', READER];

/** In a machine that is ten times slower than its host, beside others. */
const PATIENCE_MS = 240_000;
/** More would be no limit any more. */
const QUOTA_FACTOR_MAX = 10;
const LOOK_MS = 250;

interface Line {
  readonly event?: string;
  readonly stream?: string;
  readonly lo?: number;
  readonly hi?: number;
}

install();
await limit('nothing', {}, async () => ({}));
await limit('TasksMax=15 and LimitNOFILE=64', { TasksMax: '15', LimitNOFILE: '64' }, async () => ({
  tasks: Number(property(READER, 'TasksCurrent')),
  tasksOfApi: Number(property('sensor-api-write', 'TasksCurrent')),
  // The limits are those of the kernel, not only of the unit.
  enforced: [kernelLimit('pids.max'), /open files +(\d+)/.exec(ofProcess('limits'))?.[1]],
}));
await limit('MemoryMax', {}, async () => {
  const before = property(READER, 'MainPID');
  // Less than it lives in: the kernel takes back what it can, and then it kills.
  command('systemctl', 'set-property', '--runtime', `${READER}.service`, 'MemoryMax=24M');
  await until('the kernel has killed it', () => journal().includes("Failed with result 'oom-kill'"));
  command('systemctl', 'set-property', '--runtime', `${READER}.service`, 'MemoryMax=512M');
  await until('it is back', () => property(READER, 'ActiveState') === 'active');
  await rounds(2);
  return { restarted: property(READER, 'MainPID') !== before };
});
await limit('CPUQuota=5%', {}, async () => {
  const slowForMs = 60_000;
  const quota = twentiethOfCore();
  const quietly = await roundsIn(20_000);
  command('systemctl', 'set-property', '--runtime', `${READER}.service`, `CPUQuota=${quota}%`);
  const before = cpuThrottled();
  const slowly = await roundsIn(slowForMs);
  const throttled = cpuThrottled() - before;
  command('systemctl', 'set-property', '--runtime', `${READER}.service`, 'CPUQuota=');
  await rounds(2);
  return { quota, quietly, slowly, throttled, watchdogs: countOf("Failed with result 'watchdog'") };
});
await limit('a stop below WatchdogSec', { WatchdogSec: '20' }, async () => {
  command('systemctl', 'kill', '--signal=SIGSTOP', '--kill-whom=main', READER);
  await sleep(10_000);
  command('systemctl', 'kill', '--signal=SIGCONT', '--kill-whom=main', READER);
  await rounds(2);
  return { watchdogs: countOf("Failed with result 'watchdog'") };
});
await limit('a stop beyond WatchdogSec', { WatchdogSec: '8', TimeoutStopSec: '2' }, async () => {
  command('systemctl', 'kill', '--signal=SIGSTOP', '--kill-whom=main', READER);
  await until('the watchdog has ended it', () => countOf("Failed with result 'watchdog'") > 0);
  await until('it is back', () => property(READER, 'ActiveState') === 'active');
  await rounds(2);
  return {};
});

/** The units and their user, as an installation has them, with settings that leave no time to waste. */
function install(): void {
  command('useradd', '--system', 'sensor-gateway');
  for (const unit of UNITS) cpSync(`${APP}/${unit}.service`, `/etc/systemd/system/${unit}.service`);
  mkdirSync('/etc/sensor-gateway', { recursive: true });
  const sources = ['kernel', ...['a', 'b', 'c', 'd'].map((name) => `{type: simulated, name: ${name}}`)];
  writeFileSync(
    '/etc/sensor-gateway/config.yaml',
    `sampling: {interval: 1s, deadline: 500ms}\nsources: [${sources.join(', ')}]\nlog: {level: debug, format: json}\n`,
  );
}

/** Starts both units with these properties, lets `work` do its worst, stops them, and looks for every reading. */
async function limit(
  name: string,
  properties: Readonly<Record<string, string>>,
  work: () => Promise<object>,
): Promise<void> {
  try {
    for (const unit of UNITS) {
      const dir = `/run/systemd/system/${unit}.service.d`;
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir, { recursive: true });
      const lines = Object.entries({ RestartSec: '1', ...properties }).map(
        ([key, value]) => `${key}=${value}`,
      );
      writeFileSync(`${dir}/test.conf`, ['[Service]', ...lines, ''].join('\n'));
    }
    command('journalctl', '--rotate', '--vacuum-time=1s');
    command('systemctl', 'daemon-reload');
    command('systemctl', 'start', ...UNITS);
    await rounds(3);
    const facts = await work();
    const restarts = Number(property(READER, 'NRestarts'));
    await until('something was stored', () => storedCount() > 0);
    command('systemctl', 'stop', READER);
    command('systemctl', 'stop', ...UNITS);
    say({ limit: name, ...facts, restarts, ...accounts() });
  } catch (error) {
    say({ limit: name, problem: String(error), journal: journal().split('\n').slice(-15) });
    spawnSync('systemctl', ['stop', ...UNITS]);
  }
}

/** Whether every reading is where it should be, by the rules of the crash tests. */
function accounts() {
  const accepted = new Map<string, SeqRanges>();
  for (const { stream, lo, hi } of appended()) addRange(accepted, String(stream), Number(lo), Number(hi));
  const outbox = outboxBooks(DATA);
  const { problems, stored, buried, gone } = audit({
    accepted,
    seen: new Map(),
    outbox,
    store: storeBooks(DATA),
  });
  return { problems, heard: accepted.size > 0, stored, buried, gone };
}

function storedCount(): number {
  return storeBooks(DATA).rows.length;
}

/** Waits for so many more rounds. */
async function rounds(n: number): Promise<void> {
  const wanted = appended().length + n;
  await until(`${n} more rounds`, () => appended().length >= wanted);
}

async function roundsIn(ms: number): Promise<number> {
  const before = appended().length;
  await sleep(ms);
  return appended().length - before;
}

function appended(): Line[] {
  return journal()
    .split('\n')
    .filter((text) => text.includes('outbox.appended'))
    .map((text): Line => JSON.parse(text));
}

/** What systemd and the reader have said under the present limit. */
function journal(): string {
  return command('journalctl', '--unit', READER, '--output=cat', '--no-pager');
}

function countOf(words: string): number {
  return journal().split(words).length - 1;
}

/**
 * In percent of a core of this machine, what 5 % are of one on which Node starts in a second, as it does on a
 * small Raspberry Pi: an emulated machine on a busy host may be ten times slower than that.
 */
function twentiethOfCore(): number {
  const startedMono = performance.now();
  command(process.execPath, '-e', '0');
  const slowness = (performance.now() - startedMono) / 1_000;
  return Math.round(5 * Math.min(QUOTA_FACTOR_MAX, Math.max(1, slowness)));
}

/** Times the kernel has made it wait for the next period. */
function cpuThrottled(): number {
  const text = readFileSync(`/sys/fs/cgroup/system.slice/${READER}.service/cpu.stat`, 'utf8');
  return Number(/nr_throttled (\d+)/.exec(text)?.[1]);
}

function kernelLimit(file: string): string {
  return readFileSync(`/sys/fs/cgroup/system.slice/${READER}.service/${file}`, 'utf8').trim();
}

function ofProcess(file: string): string {
  return readFileSync(`/proc/${property(READER, 'MainPID')}/${file}`, 'utf8');
}

function property(unit: string, name: string): string {
  return command('systemctl', 'show', '--value', '--property', name, unit).trim();
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const giveUpMono = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > giveUpMono) throw new Error(`it has not come to pass: ${what}`);
    await sleep(LOOK_MS);
  }
}

function command(name: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(name, args, { encoding: 'utf8', maxBuffer: 64 * 1_048_576 });
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

function say(found: object): void {
  console.log(JSON.stringify(found));
}
