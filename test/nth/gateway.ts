/**
 * Both programs of a gateway in this process, wired as they always are, on time that the test lets pass and on real
 * files and sockets. What ends by itself is started again, as systemd would; where a program dies in its start, only
 * the end of this process gives back what it holds, and that is left to whoever started it (`Died`).
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unusableDir } from '../../lib/base/disk-condition.ts';
import { EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { unsalvaged } from '../../lib/base/quarantine-shelf.ts';
import { openOutboxReadOnly } from '../../lib/flow/outbox/outbox-view.ts';
import { HEALTH_FRESH_MS } from '../../lib/ops/health-file.ts';
import type { Supervisor } from '../../lib/ops/sd-notify.ts';
import { loadConfig } from '../../src/wiring/config.ts';
import { OUTBOX_FILE, READER, STORE_FILE, WRITE_API } from '../../src/wiring/names.ts';
import type { ProgramContext, RunningProgram } from '../../src/wiring/program.ts';
import { startReader } from '../../src/wiring/reader.ts';
import { realSurroundings } from '../../src/wiring/surroundings.ts';
import { startWriteApi } from '../../src/wiring/write-api.ts';
import { loggerTo } from '../support/logger-to.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import type { Quiet } from './quiet.ts';

export type ProgramName = typeof READER | typeof WRITE_API;

/** A program has ended in a way that only a new process can follow. */
export class Died extends Error {}

export interface NthGatewayOptions {
  readonly dir: string;
  readonly port: number;
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly supervisor: Supervisor;
  /** Of the outbox; as configured if left out. */
  readonly bytesMax?: number | undefined;
  readonly quiet: Quiet;
  /** Every event, as it becomes a line of the log. */
  readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
  /** How a program ended by itself. */
  readonly onExit: (exit: string) => void;
  /** What must not be. */
  readonly onProblem: (problem: string) => void;
}

export interface NthGateway {
  readonly dir: string;
  /** Throws `Died`. */
  start(name: ProgramName): Promise<void>;
  /** Starts it if it does not run. */
  ensure(name: ProgramName): Promise<void>;
  stop(name: ProgramName): Promise<void>;
  stopAll(): Promise<void>;
  /** Lets time pass, and starts what has ended meanwhile. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until it holds, at most so long; says whether it does. */
  passUntil(holds: () => boolean, atMostMs: number): Promise<boolean>;
  /** Why it is not at rest; `undefined` if everything has been delivered and saved. */
  unrest(): string | undefined;
  /** The latest lines of the log. */
  lastLines(): readonly string[];
}

const STARTS = { [READER]: startReader, [WRITE_API]: startWriteApi };

/** `RestartSec` of the units, and more than a stop may take. */
export const RESTART_MS = 5_000;
const STOP_MAX_MS = 60_000;
const LINES_KEPT = 40;

interface Running {
  readonly program: RunningProgram;
  failure?: { readonly error: unknown };
}

export function createNthGateway(options: NthGatewayOptions): NthGateway {
  const { dir, port, clock, seed, supervisor, quiet, onEvent, onExit, onProblem } = options;
  const running = new Map<ProgramName, Running>();
  const lines: string[] = [];
  const random = createSeededRandom(seed);
  const config = configured(dir, port, options.bytesMax);
  const stopping = new AbortController();

  const contextOf = (name: ProgramName): ProgramContext => ({
    config,
    clock,
    random,
    log: logOf(name),
    supervisor,
    pid: process.pid,
    bootId: () => 'boot-of-the-loop',
    suspendedMs: () => 0,
    stopping: stopping.signal,
    // A look at the place of a file every two seconds would be most of what is counted.
    surroundings: { ...realSurroundings, cadence: { placeMs: 60_000 } },
  });

  const logOf = (name: ProgramName) =>
    loggerTo((level, message, fields) => {
      const error = fields.err === undefined ? '' : ` (${messageOf(fields.err)})`;
      lines.push(`${name} ${level} ${message}${error}`);
      if (lines.length > LINES_KEPT) lines.shift();
      if (typeof fields.event === 'string') onEvent(fields);
    });

  /** Time passes until the promise settles: what waits for a sleep would wait for ever. */
  async function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    if (!(await passUntil(() => settled, STOP_MAX_MS, false))) {
      onProblem(`${what} takes longer than ${STOP_MAX_MS} ms`);
      throw new Died(what);
    }
    return promise;
  }

  /** What `runProgram` and systemd would make of it. */
  function judge(name: ProgramName, how: string, error: unknown): void {
    const known = error instanceof GatewayError;
    const code = known ? error.code : 'a bug';
    onExit(`${name} ${how}: ${code}`);
    if (!known || error.exitCode === EXIT.internal)
      onProblem(`${name} ${how} with what it calls a bug: ${error instanceof Error ? error.stack : error}`);
    else if (error.exitCode === EXIT.config)
      onProblem(`${name} ${how} with ${error.code}, after which nobody starts it again: ${error.message}`);
  }

  async function start(name: ProgramName): Promise<void> {
    try {
      const started = STARTS[name](contextOf(name)).then((program) => {
        const one: Running = { program };
        program.failed.catch((error: unknown) => {
          one.failure = { error };
        });
        return one;
      });
      running.set(name, await inTime(`the start of ${name}`, started));
    } catch (error) {
      if (error instanceof Died) throw error;
      // As `runProgram` words it.
      judge(name, 'did not start', unusableDir(dir, error));
      throw new Died(`${name} did not start: ${messageOf(error)}`);
    }
  }

  async function stop(name: ProgramName): Promise<void> {
    const one = running.get(name);
    if (one === undefined) return;
    running.delete(name);
    try {
      await inTime(`the stop of ${name}`, one.program.stop());
    } catch (error) {
      if (error instanceof Died) throw error;
      judge(name, 'did not stop in peace', error);
      throw new Died(`${name} did not stop: ${messageOf(error)}`);
    }
  }

  async function restartFailed(): Promise<void> {
    for (const [name, { failure }] of [...running]) {
      if (failure === undefined) continue;
      judge(name, 'ended', failure.error);
      await stop(name);
      await passUntil(() => false, RESTART_MS, false);
      await start(name);
    }
  }

  async function passUntil(holds: () => boolean, atMostMs: number, mending = true): Promise<boolean> {
    const endMono = clock.monotonicMs() + atMostMs;
    for (;;) {
      await quiet.reached();
      if (mending) await restartFailed();
      if (holds()) return true;
      const dueMono = Math.max(clock.monotonicMs(), nextDue(clock) ?? endMono);
      if (dueMono >= endMono) {
        await clock.advance(Math.max(0, endMono - clock.monotonicMs()));
        await quiet.reached();
        return holds();
      }
      await clock.advance(dueMono - clock.monotonicMs());
    }
  }

  function unrest(): string | undefined {
    for (const name of [OUTBOX_FILE, STORE_FILE]) {
      const left = unsalvaged(join(dir, name));
      if (left.length > 0) return `${left.length} damaged files of ${name} are not salvaged`;
    }
    const view = openOutboxReadOnly(join(dir, OUTBOX_FILE));
    try {
      const { destinations } = view.stats();
      // An acknowledgement is written with the round that comes after it.
      const latest = clock.wallMs() - config.sampling.intervalMs;
      const waiting = destinations.find(({ oldestAt }) => oldestAt !== undefined && oldestAt < latest);
      if (waiting !== undefined) return `${waiting.rows} rows wait for ${waiting.destination}`;
      const open = destinations.find(({ breaker }) => breaker !== undefined && breaker.state !== 'closed');
      if (open !== undefined) return `the breaker of ${open.destination} is ${open.breaker?.state}`;
    } finally {
      view.close();
    }
    for (const name of running.keys()) {
      const silent = silence(join(config.runDir, `${name}.health.json`), clock.wallMs());
      if (silent !== undefined) return `${name} does not tell of its health: ${silent}`;
    }
    return undefined;
  }

  return {
    dir,
    start,
    ensure: async (name) => {
      if (!running.has(name)) await start(name);
    },
    stop,
    async stopAll() {
      for (const name of [READER, WRITE_API] as const) await stop(name);
    },
    pass: async (ms) => {
      await passUntil(() => false, ms);
    },
    passUntil,
    unrest,
    lastLines: () => lines,
  };
}

function configured(dir: string, port: number, bytesMax: number | undefined): ProgramContext['config'] {
  const { config } = loadConfig({
    environment: {
      SENSORGW_GATEWAY: 'test-gateway',
      SENSORGW_DATA_DIR: dir,
      SENSORGW_RUN_DIR: join(dir, 'run'),
      SENSORGW_API_PORT: String(port),
      SENSORGW_CLOCK_TRUST: 'always',
      SENSORGW_CLOCK_HOLD: '0s',
      SENSORGW_SOURCES: '[{type: simulated}]',
    },
    hostName: 'test',
    usualFile: join(dir, 'no-such-file'),
  });
  return bytesMax === undefined ? config : { ...config, outbox: { ...config.outbox, bytesMax } };
}

/** When the next sleeper is due, in monotonic ms. */
function nextDue(clock: VirtualClock): number | undefined {
  const [first] = clock.sleepers();
  return first === undefined ? undefined : Number(first.slice(first.lastIndexOf('@') + 1));
}

/** Why a health file does not show that its program lives; `undefined` if it does. */
function silence(file: string, nowAt: number): string | undefined {
  try {
    const { generated_at: at }: { generated_at?: number } = JSON.parse(readFileSync(file, 'utf8'));
    return nowAt - Number(at) <= HEALTH_FRESH_MS ? undefined : `its file is of ${at}`;
  } catch (error) {
    return messageOf(error);
  }
}
