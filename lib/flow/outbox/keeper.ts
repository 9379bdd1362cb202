/**
 * Accepts rounds through a disk that fails. A round that the outbox does not take for the disk's sake is
 * held in memory, sampling goes on, and every later round tries again: what is held first, in order. A
 * full disk is first met with the ballast.
 *
 * What is held is not delivered: a reading's identity is a seq, and a seq that is not durable could be
 * given to another reading after a restart. It is not accepted either, until it is in the outbox.
 */

import { isDiskCondition } from '../../base/disk-condition.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { World } from '../flow-event.ts';
import type { Reading } from '../reading.ts';
import type { Ballast } from './ballast.ts';
import type { Outbox } from './outbox.ts';
import { createRamRing, type RamRing } from './ram-ring.ts';

export interface KeeperDeps {
  readonly outbox: Pick<Outbox, 'append'>;
  readonly ballast: Ballast;
  readonly world: Pick<World, 'clock' | 'observe'>;
  readonly ring?: RamRing;
}

export interface Keeper {
  /** Whether everything is in the outbox now. Throws what is not the disk's fault; then the round is lost. */
  keep(readings: readonly Reading[]): boolean;
  /** Tries once more, and says which readings are lost if that does not go well. Never throws. */
  close(): void;
}

/** In one transaction, when the disk is back: well below what an append may trim. */
const FLUSH_ROWS_MAX = 1_000;
/** Named in one event; the number tells of the others. */
const SERIES_NAMED_MAX = 20;

export function createKeeper({ outbox, ballast, world, ring = createRamRing() }: KeeperDeps): Keeper {
  const { clock, observe } = world;
  let heldSinceMono: number | undefined;

  /** The error that the disk had, if it had one. */
  function attempt(readings: readonly Reading[]): unknown {
    try {
      ballast.spendIfFull(() => outbox.append(readings));
      return undefined;
    } catch (error) {
      if (!isDiskCondition(error)) throw error;
      return error;
    }
  }

  function hold(readings: readonly Reading[], error: unknown): void {
    heldSinceMono ??= clock.monotonicMs();
    const dropped = ring.push(readings, clock.monotonicMs());
    observe({
      type: 'outbox.held',
      readings: readings.length,
      held: ring.size(),
      code: codeOf(error) ?? 'unknown',
      message: messageOf(error),
    });
    sayDropped(dropped);
  }

  function sayDropped(dropped: readonly Reading[]): void {
    const [first, last] = [dropped[0], dropped.at(-1)];
    if (first === undefined || last === undefined) return;
    const series = new Set(dropped.map(({ sensor, metric }) => `${sensor}/${metric}`));
    observe({
      type: 'reading.dropped',
      readings: dropped.length,
      series: [...series].slice(0, SERIES_NAMED_MAX),
      oldestAt: first.at,
      newestAt: last.at,
    });
  }

  /** Writes what is held, oldest first. The error that stopped it, if one did. */
  function flush(): unknown {
    const before = ring.size();
    let rows = FLUSH_ROWS_MAX;
    while (ring.size() > 0) {
      const some = ring.oldest(rows);
      try {
        const error = attempt(some);
        if (error !== undefined) return error;
        rows = FLUSH_ROWS_MAX;
      } catch (error) {
        if (codeOf(error) !== 'SGW_READING_INVALID') throw error;
        // One that the outbox will never take must not keep the others here for ever.
        if (some.length > 1) {
          rows = Math.ceil(some.length / 2);
          continue;
        }
        sayDropped(some);
      }
      ring.drop(some.length);
    }
    if (heldSinceMono !== undefined) {
      observe({ type: 'outbox.released', readings: before, heldMs: clock.monotonicMs() - heldSinceMono });
      heldSinceMono = undefined;
    }
    return undefined;
  }

  return {
    keep(readings) {
      const error = flush() ?? attempt(readings);
      if (error !== undefined) {
        hold(readings, error);
        return false;
      }
      ballast.grow();
      return true;
    },
    close() {
      if (ring.size() === 0) return;
      try {
        if (flush() === undefined) return;
      } catch {
        // Whatever it is, it ends the program, or has ended it already.
      }
      const left = ring.oldest(ring.size());
      ring.drop(left.length);
      sayDropped(left);
    },
  };
}
