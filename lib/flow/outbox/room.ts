/**
 * What happens when the outbox is full: it fades before it forgets. Readings become rows of a minute, those
 * become rows of ten minutes, and only the oldest of these are given up. A bounded piece of it with each commit
 * (docs/decisions/0012-a-full-outbox-fades-before-it-forgets.md).
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { FlowEvent } from '../flow-event.ts';
import { countOf, difference } from '../seq-ranges.ts';
import { readAbsent } from './absent.ts';
import type { BoundsWatch } from './bounds.ts';
import { type Extent, presentIn } from './extents.ts';
import type { GivingUp } from './giving-up.ts';
import type { Shed } from './shedding.ts';
import type { Thinning } from './thinning.ts';
import { RAW, TEN_MINUTES } from './tiers.ts';

export interface RoomDeps {
  readonly database: SqliteDatabase;
  readonly bounds: BoundsWatch;
  readonly thinning: Thinning;
  readonly shed: Shed;
  readonly givingUp: Pick<GivingUp, 'committed' | 'rolledBack'>;
}

export interface Room {
  /** Makes room if there is too little. Inside a transaction. */
  step(extents: readonly Extent[]): void;
  /** What has been done since the last commit. */
  committed(): readonly FlowEvent[];
  rolledBack(): void;
}

export function createRoom({ database, bounds, thinning, shed, givingUp }: RoomDeps): Room {
  let events: readonly FlowEvent[] = [];

  return {
    step(extents) {
      const excess = bounds.excess();
      const fullest = excess && tooLarge(bytesOf(database, extents, excess.ofBytes), excess.ofBytes);
      if (excess === undefined || fullest === undefined) return;
      const thinned = fullest.tier === TEN_MINUTES ? undefined : thinning.step(fullest, excess.bytes);
      events = thinned ?? shed(fullest, excess.bytes, excess.bound);
    },
    committed() {
      const done = events;
      events = [];
      givingUp.committed();
      return done;
    },
    rolledBack() {
      events = [];
      givingUp.rolledBack();
    },
  };
}

interface Measured extends Extent {
  readonly bytes: number;
}

/** What each tier takes of the bytes in use. Those without rows are left out. */
function bytesOf(database: SqliteDatabase, extents: readonly Extent[], ofBytes: number): Measured[] {
  const absent = readAbsent(database);
  const weighed = extents.map((one) => ({
    one,
    weight: countOf(difference(presentIn([one]), absent)) * one.tier.rowBytes,
  }));
  const all = weighed.reduce((sum, { weight }) => sum + weight, 0);
  return weighed
    .filter(({ weight }) => weight > 0)
    .map(({ one, weight }) => ({ ...one, bytes: (weight / all) * ofBytes }));
}

/** The tier that must become smaller: the oldest that has more than its share, else the readings. */
function tooLarge(measured: readonly Measured[], ofBytes: number): Measured | undefined {
  const older = measured.filter(({ tier }) => tier !== RAW);
  return older.findLast(({ tier, bytes }) => bytes > ofBytes * tier.share) ?? measured[0];
}
