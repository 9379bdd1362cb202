/**
 * The process in which calls fail. It is handed loops (a scenario, a way to fail), and runs each in fresh directories,
 * first with the first call failing, then with the second, until a run is through before its call comes; after each
 * it says what it found. Where a run is cut off because only the end of the process gives back what a program holds,
 * it says how far it came and ends; another one is told to go on from there.
 *
 *   NTH_DIR=/tmp/x NTH_CONTROL=/tmp/page LD_PRELOAD=nth-fault.so node host.js      and a line of orders for each loop
 */

import { mkdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { codeOf } from '../../lib/base/errors.ts';
import { connectSupervisor } from '../../lib/ops/sd-notify.ts';
import { type Kind, openFaultPage } from './fault-page.ts';
import { FAULTS, type FaultName } from './faults.ts';
import { type Known, knownIn } from './known.ts';
import { isCutOff, type RunResult, type RunSoFar, runOnce } from './run.ts';
import { SCENARIOS, type Scenario, type ScenarioName } from './scenarios.ts';

export interface Orders {
  readonly scenario: ScenarioName;
  readonly fault: FaultName;
  readonly port: number;
  /** Where databases of older schemas lie. */
  readonly fixtures: string;
  /** At most so many runs, spread over all calls; one for each call if left out. */
  readonly runsMax?: number | undefined;
  /** Decides which ones, if not all. */
  readonly seed: number;
  /** Where the process before this one has ended. */
  readonly resume?: Resume | undefined;
}

/** A run that was cut off, and how the loop goes on after it. */
export interface Resume {
  readonly n: number;
  readonly every: number;
  readonly calls: number;
  readonly soFar: RunSoFar;
}

/** What is said, one line each. */
export type Said =
  /** How many calls there are to fail, of each kind, in a run without a fault. */
  | { readonly counted: Readonly<Record<Kind, number>> }
  | { readonly run: RunResult }
  | { readonly died: Resume }
  /** `clean`: the last run was through before its call came, so every call has had its turn. */
  | { readonly through: true; readonly clean: boolean };

const { NTH_DIR: base = '', NTH_CONTROL: control = '', NOTIFY_SOCKET: notifySocket } = process.env;
const page = openFaultPage(control);
const supervisor = await connectSupervisor({ notifySocket });
const uncaught: string[] = [];
for (const kind of ['unhandledRejection', 'uncaughtException'] as const)
  process.on(kind, (error: unknown) => {
    uncaught.push(`${kind}: ${error instanceof Error ? error.stack : String(error)}`);
  });

interface Prepared {
  readonly scenario: Scenario;
  readonly template: string;
  readonly known: Known;
  /** Of a run without a fault, once there was one. */
  kinds?: Readonly<Record<Kind, number>>;
}
const prepared = new Map<ScenarioName, Prepared>();
let runs = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const end = await loop(JSON.parse(line));
  if (end === 'cut off') break;
  say({ through: true, clean: end === 'clean' });
}
// The keep-alives of the last connections would hold it for some seconds.
process.exit(0);

async function loop(orders: Orders): Promise<'clean' | 'enough' | 'cut off'> {
  const { runsMax, seed, resume } = orders;
  const { kinds } = FAULTS[orders.fault];
  let { n, every, calls }: Pick<Resume, 'n' | 'every' | 'calls'> = resume ?? { n: 0, every: 1, calls: 0 };
  if (resume === undefined) {
    const counted = await countedIn(orders);
    say({ counted });
    calls = kinds.reduce((sum, kind) => sum + counted[kind], 0);
    if (runsMax !== undefined) every = Math.max(1, Math.ceil(calls / runsMax));
    n = 1 + (seed % every);
  } else {
    const rest = await run(orders, resume.n, resume.soFar);
    if (isCutOff(rest)) throw new Error('a second life hands on nothing');
    say({ run: rest });
    n += every;
  }
  for (; ; n += every) {
    if (every > 1 && n > calls) return 'enough';
    const result = await run(orders, n);
    if (isCutOff(result)) {
      say({ died: { n, every, calls, soFar: result } });
      return 'cut off';
    }
    say({ run: result });
    if (result.failed === 0) return 'clean';
  }
}

async function countedIn(orders: Orders): Promise<Readonly<Record<Kind, number>>> {
  const of = await preparedFor(orders);
  if (of.kinds !== undefined) return of.kinds;
  const result = await run(orders, 0);
  if (isCutOff(result) || result.problems.length > 0 || result.healed.length > 0)
    throw new Error(`${orders.scenario} fails without a fault: ${JSON.stringify(result)}`);
  of.kinds = result.kinds;
  return result.kinds;
}

async function run(orders: Orders, n: number, before?: RunSoFar): Promise<RunResult | RunSoFar> {
  const { scenario, template, known } = await preparedFor(orders);
  runs += 1;
  return runOnce({
    dir: join(base, 'gateway'),
    template,
    known,
    scenario,
    fault: FAULTS[orders.fault],
    n,
    port: orders.port,
    page,
    supervisor,
    uncaught,
    warm: runs > 1,
    before,
  });
}

async function preparedFor({ scenario: name, fixtures }: Orders): Promise<Prepared> {
  const there = prepared.get(name);
  if (there !== undefined) return there;
  const scenario: Scenario = SCENARIOS[name];
  // A process before this one may have left it half made.
  const template = join(base, `begin-${name}`);
  rmSync(template, { recursive: true, force: true });
  mkdirSync(template);
  await scenario.prepare(template, fixtures);
  const known = knownIn(template, join(base, 'known'));
  scenario.spoil?.(template);
  const made: Prepared = { scenario, template, known };
  prepared.set(name, made);
  return made;
}

/** At once, and whole: what is said must be out before the process ends. */
function say(said: Said): void {
  const line = Buffer.from(`${JSON.stringify(said)}\n`);
  for (let at = 0; at < line.length; ) {
    try {
      at += writeSync(1, line, at);
    } catch (error) {
      // A pipe that is full for the moment.
      if (codeOf(error) !== 'EAGAIN') throw error;
    }
  }
}
