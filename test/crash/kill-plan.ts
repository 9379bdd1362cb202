/** Who is killed next, and when: decided by a seed, so that a schedule can be had again. */

import type { Random } from '../../lib/base/random.ts';
import { createSeededRandom } from '../support/seeded-random.ts';

export type Victim = 'reader' | 'api' | 'both';

/** From what moment the delay counts. */
export type Anchor =
  /** The victim's start: it is opening its files, or has hardly begun. */
  | 'started'
  /** The first round that the present reader appends. */
  | 'appended'
  /** A batch that the present reader has seen stored: the drain is under way. */
  | 'stored';

export interface Kill {
  readonly victim: Victim;
  readonly anchor: Anchor;
  readonly delayMs: number;
  /** Readings put into the outbox, as an outage would leave them, before the reader starts again; 0: none. */
  readonly backlog: number;
}

export interface KillPlan {
  /** A gateway that has run before, or one whose very first start is killed. */
  readonly backlogAtFirst: number;
  /** The share of the time that a drain may take: small, and it lasts through many kills. */
  readonly drainShare: number;
  readonly kills: readonly Kill[];
}

/** A start takes most of a second, the fastest round is one second: within these all of both is met. */
const STARTING_MS = 900;
const SAMPLING_MS = 600;
/** A batch is made, sent, stored and answered in a few milliseconds. */
const DRAINING_MS = 30;

/** A dozen batches at the least. */
const BACKLOG = 10_000;

export function planKills(seed: number, kills: number): KillPlan {
  const random = createSeededRandom(seed);
  return {
    backlogAtFirst: chance(random, 0.7) ? BACKLOG : 0,
    drainShare: pick(random, [0.05, 0.2, 1]),
    kills: Array.from({ length: kills }, (): Kill => {
      const victim = pick(random, ['reader', 'reader', 'api', 'both'] as const);
      const anchor = pick(random, ['started', 'appended', 'stored', 'stored'] as const);
      const delayMs =
        random.fraction() * { started: STARTING_MS, appended: SAMPLING_MS, stored: DRAINING_MS }[anchor];
      return { victim, anchor, delayMs, backlog: chance(random, 0.15) ? BACKLOG : 0 };
    }),
  };
}

function chance(random: Random, probability: number): boolean {
  return random.fraction() < probability;
}

function pick<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(random.fraction() * choices.length)] ?? choices[0];
}
