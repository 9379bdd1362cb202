/**
 * Drives the processes in which calls fail (`host.ts`): two of them, each through one loop after the other, and a new
 * one wherever a run could only go on in another process.
 */

import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { freePort } from '../support/free-port.ts';
import { createFaultPage, type Kind } from './fault-page.ts';
import type { FaultName } from './faults.ts';
import type { Orders, Resume, Said } from './host.ts';
import type { RunResult } from './run.ts';
import type { ScenarioName } from './scenarios.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Two cores are what we promise to be happy with. */
const HOSTS = 2;
/** Real time without a word: a run takes some tenths of a second, on a machine with other work some ten seconds. */
const SILENT_MAX_MS = 120_000;

export interface LoopName {
  readonly scenario: ScenarioName;
  readonly fault: FaultName;
}

export interface LoopResult extends LoopName {
  /** Calls of each kind in a run without a fault. */
  readonly counted: Readonly<Record<Kind, number>>;
  readonly runs: readonly RunResult[];
  /** Runs that took a second process. */
  readonly deaths: number;
  /** Every call has had its turn. */
  readonly clean: boolean;
  /** What a process said that should say nothing, or why there was no end. */
  readonly complaints: readonly string[];
  readonly ms: number;
}

export interface LoopsOptions {
  /** Compiled code, with `test/nth/host.js` in it. */
  readonly compiled: string;
  readonly library: string;
  readonly loops: readonly LoopName[];
  readonly runsMax?: number | undefined;
  readonly seed: number;
  /** Told as they end. */
  readonly onLoop?: (result: LoopResult) => void;
}

/** Compiles the library to be preloaded; throws with the compiler's words. */
export function buildLibrary(dir: string): string {
  const library = join(dir, 'nth-fault.so');
  const source = join(ROOT, 'test/support/nth-fault.c');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
  return library;
}

export async function runLoops(options: LoopsOptions): Promise<LoopResult[]> {
  const left = [...options.loops];
  const results: LoopResult[] = [];
  const place = mkdtempSync(join(memoryDir(), 'sensorgw-nth-'));
  const work = async (worker: number) => {
    const dir = join(place, String(worker));
    mkdirSync(dir);
    const lane = createLane(options, dir, await freePort());
    try {
      for (let loop = left.shift(); loop !== undefined; loop = left.shift()) {
        const result = await lane.run(loop);
        results.push(result);
        options.onLoop?.(result);
      }
    } finally {
      lane.close();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(HOSTS, left.length) }, (_, index) => work(index)));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return results;
}

/** Where a sync costs nothing, if there is such a place: there are hundreds in a run. */
function memoryDir(): string {
  try {
    rmSync(mkdtempSync('/dev/shm/sensorgw-'), { recursive: true });
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

type Host = ChildProcessByStdio<Writable, Readable, Readable>;

/** One loop after the other, in as few processes as can be. */
function createLane({ compiled, library, runsMax, seed }: LoopsOptions, dir: string, port: number) {
  const page = join(dir, 'page');
  const data = join(dir, 'data');
  const notify = join(dir, 'notify');
  createFaultPage(page);
  mkdirSync(data);
  const listener = spawn('python3', [join(ROOT, 'test/support/notify-listener.py'), notify], {
    stdio: 'ignore',
  });
  let host: Host | undefined;
  let words: string[] = [];

  function startHost(): Host {
    words = [];
    const child = spawn(process.execPath, [join(compiled, 'test/nth/host.js')], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        // Calls through it would pass the library by.
        UV_USE_IO_URING: '0',
        NOTIFY_SOCKET: notify,
        NTH_DIR: data,
        NTH_CONTROL: page,
        LD_PRELOAD: library,
      },
    });
    createInterface({ input: child.stderr }).on('line', (line) => words.push(line));
    return child;
  }

  /** Hands the orders over; resolves with what it was cut off at, or `undefined` when it is through. */
  function carryOut(orders: Orders, onSaid: (said: Said) => void): Promise<Resume | undefined> {
    host ??= startHost();
    const child = host;
    return new Promise((resolve, reject) => {
      let resume: Resume | undefined;
      const fail = (why: string) => {
        child.kill('SIGKILL');
        host = undefined;
        settle(() => reject(new Error(`${why}\n${words.slice(-20).join('\n')}`)));
      };
      let alarm = setTimeout(() => fail('it hangs'), SILENT_MAX_MS);
      const lines = createInterface({ input: child.stdout });
      const settle = (how: () => void) => {
        clearTimeout(alarm);
        lines.removeAllListeners();
        child.removeAllListeners('close');
        how();
      };
      lines.on('line', (line) => {
        clearTimeout(alarm);
        alarm = setTimeout(() => fail('it hangs'), SILENT_MAX_MS);
        const said: Said = JSON.parse(line);
        onSaid(said);
        if ('died' in said) resume = said.died;
        if ('through' in said) settle(() => resolve(undefined));
      });
      child.once('close', (code, signal) => {
        host = undefined;
        if (resume !== undefined) settle(() => resolve(resume));
        else fail(`it ended (exit ${code}, ${signal})`);
      });
      child.stdin.write(`${JSON.stringify(orders)}\n`);
    });
  }

  return {
    async run(loop: LoopName): Promise<LoopResult> {
      const startedMs = Date.now();
      const fixtures = join(ROOT, 'test/fixtures/databases');
      const runs: RunResult[] = [];
      const complaints: string[] = [];
      let counted: LoopResult['counted'] | undefined;
      let clean = false;
      let deaths = 0;
      const onSaid = (said: Said) => {
        if ('counted' in said) counted = said.counted;
        if ('run' in said) runs.push(said.run);
        if ('through' in said) clean = said.clean;
      };
      try {
        let resume: Resume | undefined;
        do {
          resume = await carryOut({ ...loop, port, fixtures, runsMax, seed, resume }, onSaid);
          if (resume !== undefined) deaths += 1;
        } while (resume !== undefined);
      } catch (error) {
        complaints.push(`${loop.scenario}, ${loop.fault}, after ${runs.length} runs: ${error}`);
      }
      if (counted === undefined) throw new Error(complaints.join('\n') || 'it said nothing');
      return { ...loop, counted, runs, deaths, clean, complaints, ms: Date.now() - startedMs };
    },
    close() {
      host?.kill('SIGKILL');
      listener.kill('SIGKILL');
    },
  };
}

/** One line for each thing that is wrong, with what brings it about. */
export function problemsOf(results: readonly LoopResult[]): string[] {
  return results.flatMap(({ scenario, fault, runs, complaints }) => [
    ...complaints,
    ...runs.flatMap(({ n, first, problems, log }) =>
      problems.length === 0
        ? []
        : [`${scenario}, ${fault}, n=${n} (${first}): ${[...problems, ...log.slice(-12)].join('\n  ')}`],
    ),
  ]);
}

/** How a loop went, for who waits for the next one. */
export function summaryOf(result: LoopResult): string {
  const { scenario, fault, runs, deaths, clean, ms } = result;
  const failed = runs.reduce((sum, one) => sum + one.failed, 0);
  const healed = runs.filter((one) => one.healed.length > 0 && one.problems.length === 0).length;
  const whole = clean ? ', until none was left to fail' : '';
  const again = healed > 0 ? `, ${healed} healed by one more start` : '';
  const head = `${scenario}, ${fault}: ${runs.length} runs${whole}, ${failed} calls failed, ${deaths} restarts${again}, ${ms} ms`;
  return [head, ...problemsOf([result])].join('\n  ');
}
