/**
 * The built gateway, installed into a machine of its own: under /opt, with its units, its user and a
 * configuration that makes a test short. Knows how to account for every reading in the end.
 */

import { cpSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openStoreReadOnly } from '../../lib/flow/write-api/store/sqlite-reader.ts';
import { bootMachine, type Machine, type MachineOptions } from '../support/booted-machine.ts';
import type { Line } from '../support/child-program.ts';
import { compileInto } from '../support/compile.js';
import { readLedger, seqsOf, upTo } from '../support/gateway.ts';
import { type OnTestFinished, tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const PLACE = '/opt/sensor-gateway/current';
const DATA = '/var/lib/sensor-gateway';

export const READER = 'sensor-main.service';
export const API = 'sensor-api-write.service';
export const MONITOR = 'sensor-monitor.service';

export interface InstalledGateway extends Machine {
  /** Lines of a unit's `[Service]` section that come after its own. */
  dropIn(unit: string, ...lines: string[]): Promise<void>;
  /** Makes a program start with a fault in it; `systemctl kill --signal=USR2` sets it off. */
  fault(unit: string, variables: Readonly<Record<string, string>>): Promise<void>;
  setOff(unit: string): Promise<void>;
  /** What a program has said so far. */
  entries(unit: string): Entry[];
  /** Resolves when that many of a program's own entries match. */
  said(unit: string, matches: (entry: Entry) => boolean, times?: number): Promise<void>;
  /** Resolves when systemd has said so of a unit. */
  saidOf(unit: string, text: string, times?: number): Promise<void>;
  restarts(unit: string): Promise<number>;
  /**
   * Stops everything, lets readers run until nothing waits any more, and expects each reading that was
   * accepted in the store, once. Says how many that were.
   */
  accountForAll(): Promise<number>;
}

/** An entry of a program's own log. */
export type Entry = Readonly<Record<string, unknown>>;

export const isStored = (entry: Entry) => entry.event === 'batch.delivered' && entry.outcome === 'stored';

/** When systemd last heard a heartbeat of the reader, in seconds since boot. */
export async function heartbeatAt(gateway: Machine): Promise<number> {
  return Number((await gateway.show(READER)).WatchdogTimestampMonotonic) / 1e6;
}

/** The fastest that a configuration may ask for. */
export const QUICK_CONFIG = `
gateway: test-gateway
clock: {trust: always}
log: {level: debug}
sampling: {interval: 1s, deadline: 500ms}
breaker: {pauses: [1s, 2s]}
backpressure: {sampling: keep}
`;

/** Restarts that a test has the time to wait for. */
const QUICK_UNIT = ['RestartSec=200ms', 'TimeoutAbortSec=2'];

/**
 * The same of the watchdog, where it is what is tested: half of the units' own. A shared machine can stand still for
 * seconds, and one that the watchdog kills for that has had no fault.
 */
export const WATCHDOG_S = 15;

export async function installGateway(options: MachineOptions = {}): Promise<InstalledGateway> {
  const machine = await bootMachine({
    ...options,
    binds: { [realpathSync(join(ROOT, 'node_modules'))]: `${PLACE}/node_modules`, ...options.binds },
  });
  for (const part of ['dist', 'package.json', 'monitor_and_recover.sh', 'deploy/note-end.sh'])
    machine.copy(join(ROOT, part), `${PLACE}/${part}`);
  for (const unit of [READER, API, MONITOR]) machine.copy(join(ROOT, unit), `/etc/systemd/system/${unit}`);
  for (const unit of ['sensor-recover.service', 'sensor-recover.timer'])
    machine.copy(join(ROOT, 'deploy', unit), `/etc/systemd/system/${unit}`);
  machine.put('/etc/sensor-gateway/config.yaml', QUICK_CONFIG);
  machine.copy(join(ROOT, 'deploy/sensor-gateway.sysusers.conf'), '/etc/sysusers.d/sensor-gateway.conf');
  await machine.do('systemd-sysusers');

  let dropIns = 0;
  const gateway: InstalledGateway = {
    ...machine,
    async dropIn(unit, ...lines) {
      dropIns += 1;
      // Numbered, because they are read in the order of their names.
      const file = `/etc/systemd/system/${unit}.d/${String(dropIns).padStart(3, '0')}.conf`;
      machine.put(file, `[Service]\n${lines.join('\n')}\n`);
      await machine.do('systemctl', 'daemon-reload');
    },
    async fault(unit, variables) {
      installFaults(machine, options.onTestFinished);
      const faults = { NODE_OPTIONS: '--import file:///opt/faults/install.js', ...variables };
      await gateway.dropIn(
        unit,
        ...Object.entries(faults).map(([name, value]) => `Environment="${name}=${value}"`),
      );
    },
    async setOff(unit) {
      await machine.do('systemctl', 'kill', '--signal=USR2', unit);
    },
    entries: (unit) => machine.journal.lines.filter((line) => line._SYSTEMD_UNIT === unit).map(entryOf),
    said: (unit, matches, times = 1) =>
      machine.journal.count((line) => line._SYSTEMD_UNIT === unit && matches(entryOf(line)), times),
    saidOf: (unit, text, times = 1) =>
      machine.journal.count((line) => line.UNIT === unit && String(line.MESSAGE).includes(text), times),
    restarts: async (unit) => Number((await machine.show(unit)).NRestarts),
    accountForAll: () => accountForAll(gateway, options.onTestFinished),
  };
  return gateway;
}

export interface Circumstances {
  /** Instead of `QUICK_CONFIG`. */
  readonly config?: string;
  /** Variables that choose a fault for the reader. */
  readonly faults?: Readonly<Record<string, string>>;
  /** Of the reader's unit. */
  readonly lines?: readonly string[];
  /** Of both units, instead of their own. */
  readonly watchdogS?: number;
}

/** One that has delivered a round or two, with restarts that a test can wait for. */
export async function runningGateway(
  onTestFinished: OnTestFinished,
  { config, faults, lines = [], watchdogS }: Circumstances = {},
): Promise<InstalledGateway> {
  const gateway = await installGateway({ onTestFinished });
  if (config !== undefined) gateway.put('/etc/sensor-gateway/config.yaml', config);
  const watchdog = watchdogS === undefined ? [] : [`WatchdogSec=${watchdogS}`];
  for (const unit of [READER, API]) await gateway.dropIn(unit, ...QUICK_UNIT, ...watchdog);
  if (lines.length > 0) await gateway.dropIn(READER, ...lines);
  if (faults !== undefined) await gateway.fault(READER, faults);
  await gateway.do('systemctl', 'start', API, READER);
  await gateway.said(READER, isStored, 2);
  return gateway;
}

/** Who waits for an entry looks at all of them again whenever one comes: each is parsed once. */
const entries = new WeakMap<Line, Entry>();

function entryOf(line: Line): Entry {
  const known = entries.get(line);
  if (known !== undefined) return known;
  const entry = parsed(String(line.MESSAGE));
  entries.set(line, entry);
  return entry;
}

function parsed(message: string): Entry {
  try {
    const entry: unknown = JSON.parse(message);
    if (typeof entry === 'object' && entry !== null) return { ...entry };
  } catch {
    // A line on standard error.
  }
  return { msg: message };
}

/** The tests' own chip, compiled once: it takes a second, in which no other test gets on. */
let chip: string | undefined;

function installFaults(machine: Machine, finished: OnTestFinished | undefined): void {
  if (chip === undefined) {
    const compiled = tempDir(finished);
    compileInto(compiled, ['test/support/fake-bme280.ts']);
    chip = readFileSync(join(compiled, 'test/support/fake-bme280.js'), 'utf8');
  }
  machine.copy(join(ROOT, 'test/systemd/faults'), '/opt/faults');
  machine.put('/opt/faults/fake-bme280.js', chip);
  machine.put('/opt/faults/package.json', '{ "type": "module" }');
}

/** A round that is appended in the instant of the stop is delivered by the next reader. */
const DRAINS_MAX = 5;

async function accountForAll(gateway: InstalledGateway, finished?: OnTestFinished): Promise<number> {
  for (const unit of [READER, API]) {
    await gateway.do('rm', '-rf', `/etc/systemd/system/${unit}.d`);
  }
  await gateway.do('systemctl', 'daemon-reload');
  for (let drain = 0; drain < DRAINS_MAX; drain += 1) {
    await gateway.do('systemctl', 'stop', READER, API);
    const { ledger, seqs } = await books(gateway, finished);
    if (ledger.waiting === 0) {
      expect(ledger.deadLetters).toEqual([]);
      expect(seqs).toEqual(upTo(ledger.accepted));
      return ledger.accepted;
    }
    await gateway.do('systemctl', 'reset-failed');
    const stored = gateway.entries(READER).filter(isStored).length;
    await gateway.do('systemctl', 'start', API, READER);
    await gateway.said(READER, isStored, stored + 2);
  }
  throw new Error(`readings were left in the outbox ${DRAINS_MAX} times in a row`);
}

/** Copies, because looking at a database as root would leave files beside it that its owner cannot open. */
async function books(machine: Machine, finished?: OnTestFinished) {
  const dir = tempDir(finished);
  cpSync(join(machine.root, DATA), dir, { recursive: true, filter: (path) => !statSync(path).isSocket() });
  const reader = openStoreReadOnly(join(dir, 'store.db'));
  try {
    const stored = [];
    for await (const reading of reader.readings({ sinceAt: 0 })) stored.push(reading);
    return { ledger: readLedger(join(dir, 'outbox.db')), seqs: seqsOf(stored) };
  } finally {
    await reader.close();
  }
}
