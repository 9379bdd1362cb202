/** A whole gateway on this machine for one test: its own data, its own ports, and its programs. */

import { join } from 'node:path';
import type { BreakerTransition, DeadLetter } from '../../lib/flow/outbox/outbox.ts';
import { openOutboxReadOnly } from '../../lib/flow/outbox/outbox-view.ts';
import type { StoredReading } from '../../lib/flow/write-api/readings-store.ts';
import { openStoreReadOnly } from '../../lib/flow/write-api/store/sqlite-reader.ts';
import { type ChildProgram, type Line, startProgram } from './child-program.ts';
import { freePort } from './free-port.ts';
import { type OnTestFinished, tempDir } from './temp-dir.ts';

export { freePort };

export interface Gateway {
  readonly dir: string;
  readonly runDir: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Starts the write API and resolves when it listens. */
  startApi(env?: Readonly<Record<string, string>>): Promise<ChildProgram>;
  /** Starts the reader and resolves when its outbox is open. */
  startReader(env?: Readonly<Record<string, string>>): Promise<ChildProgram>;
  /** Starts the monitor, at a port of its own unless `env` names one, and resolves when it listens. */
  startMonitor(env?: Readonly<Record<string, string>>): Promise<RunningMonitor>;
  /** Everything that is in the store. */
  stored(): Promise<StoredReading[]>;
  /** Lets readers run until one of them leaves nothing behind; says what was accepted in all. The API must be up. */
  drain(env?: Readonly<Record<string, string>>): Promise<Ledger>;
  /** Stops this reader, and drains what it left with another of the same settings. The API must be up. */
  finish(reader: ChildProgram, env?: Readonly<Record<string, string>>): Promise<Ledger>;
}

export interface RunningMonitor {
  readonly program: ChildProgram;
  readonly port: number;
}

/** What the outbox file says when nothing waits in it any more. */
export interface Ledger {
  /** Seqs from 1 to this were accepted. */
  readonly accepted: number;
  readonly deadLetters: readonly DeadLetter[];
  /** The oldest first. */
  readonly transitions: readonly BreakerTransition[];
}

export interface GatewayOptions {
  /** Where readers deliver instead of to the write API itself. */
  readonly deliverTo?: number;
  /** Of a test that runs beside others. */
  readonly onTestFinished?: OnTestFinished;
}

/** Readers sample once a second, the fastest that a configuration may ask for. */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const dir = tempDir(options.onTestFinished);
  const mine = options.onTestFinished === undefined ? {} : { onTestFinished: options.onTestFinished };
  const port = await freePort();
  const runDir = join(dir, 'run');
  const env = {
    SENSORGW_GATEWAY: 'test-gateway',
    SENSORGW_DATA_DIR: dir,
    SENSORGW_RUN_DIR: runDir,
    SENSORGW_API_PORT: String(port),
    SENSORGW_LOG_FORMAT: 'json',
    SENSORGW_LOG_LEVEL: 'debug',
    SENSORGW_SAMPLING_INTERVAL: '1s',
    SENSORGW_SAMPLING_DEADLINE: '500ms',
    SENSORGW_BREAKER_PAUSES: '[1s, 2s]',
    SENSORGW_BACKPRESSURE_SAMPLING: 'keep',
    // Whatever vouches for the clock of this machine, or does not: that is tested on its own.
    SENSORGW_CLOCK_TRUST: 'always',
    SENSORGW_CLOCK_HOLD: '0s',
    SENSORGW_DESTINATIONS: `[{name: local, url: "http://127.0.0.1:${options.deliverTo ?? port}"}]`,
  };
  const gateway: Gateway = {
    dir,
    runDir,
    port,
    env,
    async startApi(more = {}) {
      const api = startProgram('sensor-api-write', { env: { ...env, ...more }, ...mine });
      await api.line((line) => String(line.msg).startsWith('write API listens'));
      return api;
    },
    async startReader(more = {}) {
      const reader = startProgram('sensor-main', { env: { ...env, ...more }, ...mine });
      await reader.line((line) => line.event === 'outbox.opened');
      return reader;
    },
    async startMonitor(more = {}) {
      const at = { SENSORGW_MONITOR_PORT: String(await freePort()), ...more };
      const program = startProgram('sensor-monitor', { env: { ...env, ...at }, ...mine });
      await program.line((line) => String(line.msg).startsWith('monitor listens'));
      return { program, port: Number(at.SENSORGW_MONITOR_PORT) };
    },
    async stored() {
      const reader = openStoreReadOnly(join(dir, 'store.db'));
      try {
        const readings: StoredReading[] = [];
        for await (const reading of reader.readings({ sinceAt: 0 })) readings.push(reading);
        return readings;
      } finally {
        await reader.close();
      }
    },
    async drain(more = {}) {
      for (let attempt = 0; attempt < DRAIN_ATTEMPTS_MAX; attempt += 1) {
        const reader = await gateway.startReader(more);
        await reader.count(isStored, 2);
        await stopped(reader);
        const { waiting, ...ledger } = readLedger(join(dir, 'outbox.db'));
        if (waiting === 0) return ledger;
      }
      throw new Error(`readings were left in the outbox ${DRAIN_ATTEMPTS_MAX} times in a row`);
    },
    async finish(reader, more = {}) {
      await stopped(reader);
      const { waiting, ...ledger } = readLedger(join(dir, 'outbox.db'));
      return waiting === 0 ? ledger : gateway.drain(more);
    },
  };
  return gateway;
}

/** A round that is appended in the instant of the stop is left to the next reader; on a busy machine most are. */
const DRAIN_ATTEMPTS_MAX = 20;

/** Log lines that tests wait for. */
export const isStored = (line: Line) => line.event === 'batch.delivered' && line.outcome === 'stored';
export const isAppended = (line: Line) => line.event === 'outbox.appended';
export const isEvent = (type: string) => (line: Line) => line.event === type;

async function stopped(program: ChildProgram): Promise<void> {
  program.kill('SIGTERM');
  await program.exited;
}

/** What an outbox says of itself; nothing may have it open for writing. */
export function readLedger(file: string): Ledger & { waiting: number } {
  const view = openOutboxReadOnly(file);
  try {
    const { nextSeq, destinations } = view.stats();
    return {
      accepted: nextSeq - 1,
      deadLetters: view.deadLetters(ROWS_READ_MAX),
      transitions: view.breakerTransitions(ROWS_READ_MAX).reverse(),
      waiting: Math.max(...destinations.map((one) => one.rows)),
    };
  } finally {
    view.close();
  }
}

/** More than any test makes. */
const ROWS_READ_MAX = 1_000;

/**
 * The seqs of one outbox, ascending: what "once" and "contiguous" are asserted on. Each run is a stream of
 * its own, and seqs are counted through all of them.
 */
export function seqsOf(readings: readonly StoredReading[]): number[] {
  return readings.map((one) => one.seq).sort((a, b) => a - b);
}

/** 1, 2, 3 ... n. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}
