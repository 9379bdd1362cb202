/**
 * One run: a world made from a seed, months of faults in which the promise must hold after each event, and then a
 * time without faults in which everything must come to rest.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAUSE_STEPS_MS } from '../../lib/base/ladder.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { assertRest } from './at-rest.ts';
import type { Audit } from './custody.ts';
import { chanceOf, chanceOfKind, FAULTS, letLoose } from './faults.ts';
import { paced } from './pace.ts';
import { checkThinning } from './thinning-rules.ts';
import { createTrace } from './trace.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';
import { createWorld, type World, type WorldPlan } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  readonly days: number;
  /** The directory that the world is made in; in memory if left out. */
  readonly within?: string;
  /** End with the first problem: for who only wants to know whether there is one. */
  readonly untilProblem?: boolean;
  readonly show?: ((line: string) => void) | undefined;
}

export interface RunResult {
  readonly seed: number;
  readonly days: number;
  /** The kinds that this run has had. */
  readonly faults: readonly string[];
  readonly trace: string;
  readonly steps: number;
  readonly audit: Audit | undefined;
  /** None if the promise was kept. */
  readonly problems: readonly string[];
  /** What came before the first problem, at most 200 lines. */
  readonly tail: readonly string[];
}

const DAY_MS = 86_400_000;
/** After the last fault everything must be at rest by then: a pause of the breaker, a drain, a look at each thing. */
const REST_WITHIN_MS = paced(6 * 3_600_000);
const PROBLEMS_MAX = 20;
/** Its looks cost as much as all the rest of a world. */
const MONITORED_SHARE = 0.2;

/** It has ended with its first problem, as was wanted. */
const ENOUGH = new Error('enough');

export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { seed, days, within = memoryDir(), untilProblem = false, show } = options;
  const dir = mkdtempSync(join(within, 'sensorgw-sim-'));
  const random = createSeededRandom(seed);
  const chance = chanceOf(random);
  const time = createVirtualTime();
  const trace = createTrace({ nowMs: time.nowMs, leaveOut: dir, show });
  const problems: string[] = [];
  let tail: readonly string[] = [];
  const problem = (what: string) => {
    if (problems.length === 0) tail = trace.tail();
    if (problems.length < PROBLEMS_MAX) problems.push(what);
    trace.note('PROBLEM', what);
  };
  // Few kinds at a time: with all of them at once nothing would ever get far enough to go wrong in its own way.
  const share = chance.between(0.1, 0.6);
  const kinds = Object.keys(FAULTS).filter((kind) => chanceOfKind(seed, kind).between(0, 1) < share);
  const plan: WorldPlan = {
    intervalMs: paced(chance.oneOf([1_200_000, 1_800_000, 3_600_000])),
    collector: random.fraction() < 0.3,
    pausesMs: (random.fraction() < 0.3 ? PAUSE_STEPS_MS : [60_000, 600_000, 3_600_000]).map(paced),
    order: chance.oneOf(['oldest', 'newest']),
    sampling: chance.oneOf(['slow', 'keep']),
    outboxBytesMax: random.fraction() < 0.3 ? 200_000 : undefined,
    // Has its own chance, as kinds of faults have.
    monitor: chanceOfKind(seed, 'monitor').between(0, 1) < MONITORED_SHARE,
  };
  const world = createWorld({ dir, plan, seed, kinds, time, trace, problem });
  const afterStep = () => {
    world.afterStep();
    if (untilProblem && problems.length > 0) throw ENOUGH;
  };
  let audit: Audit | undefined;
  try {
    trace.note('seed', `${seed}: ${JSON.stringify(plan)}: ${kinds.join(', ')}`);
    await world.start();
    const faults = letLoose({ world, time, seed, kinds, note: (what) => trace.note('fault', what) });
    await time.runUntil(days * DAY_MS, afterStep);
    await faults.end();
    world.timeService(true);
    await time.runUntil(time.nowMs() + REST_WITHIN_MS, afterStep);
    await awaitTickets(world, time, afterStep, problem);
    audit = assertRest(world, problem);
    const outbox = world.outbox();
    if (outbox !== undefined) {
      const { valuesOf } = world.custody;
      checkThinning({ outbox, stores: world.stores(), valuesOf, problem });
    }
    await world.stop();
  } catch (error) {
    if (error !== ENOUGH) problem(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return { seed, days, faults: kinds, trace: trace.hash(), steps: time.steps(), audit, problems, tail };
}

/** Some invariants look back for an hour, which the lens of the monitor makes days. */
async function awaitTickets(
  { tickets }: World,
  time: VirtualTime,
  afterStep: () => void,
  problem: (what: string) => void,
): Promise<void> {
  if (tickets === undefined) return;
  const untilMs = time.nowMs() + tickets.restMs;
  while (tickets.standing().length > 0 && time.nowMs() < untilMs)
    await time.runUntil(time.nowMs() + REST_STEP_MS, afterStep);
  for (const key of tickets.standing()) problem(`TICKETS: ${key} is still open, and all is well`);
  tickets.checkBounds();
}

const REST_STEP_MS = 3_600_000;
const SHARED_MEMORY = '/dev/shm';

/** Where a sync costs nothing: what a power cut takes away is decided by us. */
function memoryDir(): string {
  return existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir();
}
