/**
 * One run of a scenario in which one call fails: it is played, the fault is taken back, time passes until all is at
 * rest, and the files are looked at. Where a program could only end with its process, the run is cut off, and goes on
 * from `RunSoFar` in another one, as a program does that systemd has started again.
 */

import { cpSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../lib/base/errors.ts';
import type { SeqRange } from '../../lib/flow/seq-ranges.ts';
import type { Supervisor } from '../../lib/ops/sd-notify.ts';
import { READER, WRITE_API } from '../../src/wiring/names.ts';
import { addRange } from '../crash/audit.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import type { Fault, FaultPage, FaultReport } from './fault-page.ts';
import { createNthGateway, Died, type NthGateway, RESTART_MS } from './gateway.ts';
import type { Known } from './known.ts';
import { createQuiet } from './quiet.ts';
import { BEGAN_AT, type Scenario } from './scenarios.ts';
import { wrongIn } from './verdict.ts';

/** What a run that is cut off hands on. */
export interface RunSoFar {
  readonly lives: number;
  readonly wallMs: number;
  readonly monoMs: number;
  readonly report: FaultReport;
  readonly accepted: readonly (readonly [stream: string, ranges: readonly SeqRange[]])[];
  readonly exits: readonly string[];
  readonly problems: readonly string[];
}

/** What came of a run. */
export interface RunResult {
  readonly n: number;
  /** Calls of the kinds that may fail, and how many of them did. */
  readonly calls: number;
  readonly failed: number;
  /** The first that did. */
  readonly first: string;
  readonly kinds: FaultReport['kinds'];
  readonly lives: number;
  /** How programs ended by themselves. */
  readonly exits: readonly string[];
  /** What was wrong still when all was at rest, and right after one more start. */
  readonly healed: readonly string[];
  /** None if every promise was kept. */
  readonly problems: readonly string[];
  /** The last lines of the log, if there are problems. */
  readonly log: readonly string[];
}

export interface RunOptions {
  readonly dir: string;
  readonly template: string;
  readonly known: Known;
  readonly scenario: Scenario;
  readonly fault: Fault;
  readonly n: number;
  readonly port: number;
  readonly page: FaultPage;
  readonly supervisor: Supervisor;
  /** What nobody has caught, as it comes. */
  readonly uncaught: string[];
  /** The process has made a run before, and so has opened what it keeps. */
  readonly warm: boolean;
  /** Where another process has left off. */
  readonly before?: RunSoFar | undefined;
}

/** After the end of the fault, in virtual time: the longest pause of the breaker, a salvage that waits a minute, twice. */
const REST_MAX_MS = 600_000;
/** Rounds are taken and delivered as ever, for more than a minute: then the store has been told what will never come. */
const ROUNDS_AFTER = 7;
/** A start that fails without a fault will fail for ever. */
const LIVES_MAX = 2;

export const isCutOff = (run: RunResult | RunSoFar): run is RunSoFar => !('n' in run);

export async function runOnce(options: RunOptions): Promise<RunResult | RunSoFar> {
  const { dir, template, known, scenario, fault, n, page, uncaught, before } = options;
  if (before === undefined) {
    rmSync(dir, { recursive: true, force: true });
    cpSync(template, dir, { recursive: true });
  }
  const lives = (before?.lives ?? 0) + 1;
  const clock = createVirtualClock({
    wallMs: before === undefined ? BEGAN_AT : before.wallMs + RESTART_MS,
    monotonicMs: before === undefined ? MONO_AT_FIRST : before.monoMs + RESTART_MS,
  });
  const accepted = new Map<string, readonly SeqRange[]>([...known.accepted, ...(before?.accepted ?? [])]);
  const exits = [...(before?.exits ?? [])];
  const problems = [...(before?.problems ?? [])];
  let healed: readonly string[] = [];
  let rounds = 0;
  const gateway = createNthGateway({
    dir,
    port: options.port,
    clock,
    seed: SEED_FROM + n * LIVES_MAX + lives,
    supervisor: options.supervisor,
    bytesMax: scenario.bytesMax,
    quiet: createQuiet(page),
    onEvent(event) {
      if (event.event !== 'outbox.appended') return;
      rounds += 1;
      addRange(accepted, String(event.stream), Number(event.lo), Number(event.hi));
    },
    onExit: (exit) => exits.push(exit),
    onProblem: (problem) => problems.push(problem),
  });
  let report = before?.report;
  const openBefore = descriptors();
  uncaught.length = 0;

  async function restAndLook(): Promise<string[]> {
    const restless = await comeToRest(gateway, () => rounds);
    await gateway.stopAll();
    return [...restless, ...(await wrongIn(dir, accepted, known))];
  }

  try {
    if (before === undefined) page.arm(fault, n);
    const questions = await scenario.play(gateway);
    report ??= page.disarm();
    for (const ask of questions) ask();
    healed = await restAndLook();
    // What a comparison or a salvage could not do for the disk is done an hour later, or by the next start.
    if (healed.length > 0) {
      await gateway.pass(RESTART_MS);
      problems.push(...(await restAndLook()));
    }
  } catch (error) {
    report ??= page.disarm();
    if (!(error instanceof Died)) problems.push(error instanceof Error ? (error.stack ?? '') : String(error));
    problems.push(...uncaught);
    const soFar: RunSoFar = {
      lives,
      wallMs: clock.wallMs(),
      monoMs: clock.monotonicMs(),
      report,
      accepted: [...accepted],
      exits,
      problems,
    };
    if (lives < LIVES_MAX && error instanceof Died) return soFar;
    problems.push(`life ${lives} ended without a fault: ${messageOf(error)}`);
    return { n, ...told(report), lives, exits, healed, problems, log: [...gateway.lastLines()] };
  }

  problems.push(...uncaught);
  if (options.warm) for (const one of await leftOpen(openBefore)) problems.push(`left open: ${one}`);
  const log = problems.length > 0 ? [...gateway.lastLines()] : [];
  return { n, ...told(report), lives, exits, healed, problems, log };
}

const MONO_AT_FIRST = 100_000;
/** Beyond those by which files are prepared: two streams of one name would be one. */
const SEED_FROM = 1_000;

const told = ({ counted, failed, first, kinds }: FaultReport) => ({ calls: counted, failed, first, kinds });

/** Why there is no rest; nothing if there is. */
async function comeToRest(gateway: NthGateway, rounds: () => number): Promise<string[]> {
  for (const name of [READER, WRITE_API] as const) await gateway.ensure(name);
  const before = rounds();
  const atRest = await gateway.passUntil(
    () => rounds() >= before + ROUNDS_AFTER && gateway.unrest() === undefined,
    REST_MAX_MS,
  );
  if (atRest) return [];
  const taken = rounds() - before;
  return [`no rest after ${REST_MAX_MS} ms: ${gateway.unrest() ?? `only ${taken} rounds were taken`}`];
}

/** The end of a connection closes when it hears of the other's; each turn of the loop is a chance to hear. */
const TURNS_TO_CLOSE = 100;

/** What has been opened since, and stays so. */
async function leftOpen(before: ReadonlySet<string>): Promise<string[]> {
  for (let turn = 0; ; turn += 1) {
    const left = [...descriptors()].filter((one) => !before.has(one));
    if (left.length === 0 || turn === TURNS_TO_CLOSE) return left;
    await setImmediate();
  }
}

/** What this process has open, by number and name. */
function descriptors(): Set<string> {
  const found = new Set<string>();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const name = readlinkSync(join('/proc/self/fd', fd));
      if (!name.startsWith('/proc/')) found.add(`${fd} ${name.replace(/\[\d+\]$/, '')}`);
    } catch {
      // The one that the listing itself had open.
    }
  }
  return found;
}
