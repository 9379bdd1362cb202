/**
 * One destination with everything real but the network: a real outbox on a file, both loops in virtual
 * time, and behind the `Deliver` port a store that keeps each reading once and is as unwell as told.
 */

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { BatchRequest } from '../../lib/flow/batch.ts';
import type { Lane } from '../../lib/flow/flow-event.ts';
import { openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { rangesOfSeqs } from '../../lib/flow/seq-ranges.ts';
import type { Deliver, DeliveryOutcome } from '../../lib/flow/sync/delivery-outcome.ts';
import { createDestination, type DestinationOptions } from '../../lib/flow/sync/destination.ts';
import { tempDir } from './temp-dir.ts';
import { someReadings } from './temp-outbox.ts';
import { createTestWorld } from './test-world.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The destination's name. */
export const NAME = 'local';
/** What a fake request takes, in virtual time. */
export const TOOK_MS = 40;
export const DOWN: DeliveryOutcome = { kind: 'unavailable', reason: 'connect ECONNREFUSED' };

export type Behaviour = (seqs: number[]) => DeliveryOutcome | 'loses the reply' | undefined;

interface Sent {
  readonly lane: Lane;
  readonly seqs: number[];
  readonly atMono: number;
  /** What was in flight when it started. */
  readonly beside: Lane[];
}

export interface Store {
  /** When each seq was stored. */
  readonly stored: Map<number, number>;
  readonly sent: Sent[];
  readonly inFlight: Lane[];
  tookMs: number;
  /** `undefined`: store it. */
  behave: Behaviour;
  readonly deliver: Readonly<Record<Lane, Deliver>>;
}

/** A store behind the `Deliver` port, in virtual time: exactly once, and as unwell as `behave` says. */
export function createStore(clock: VirtualClock): Store {
  const stored = new Map<number, number>();
  const inFlight: Lane[] = [];
  const ranges = (seqs: number[]) => rangesOfSeqs(seqs).map(([lo, hi]): [number, number] => [lo, hi]);

  const via =
    (lane: Lane): Deliver =>
    async (batch, _deadlineMs, stopping) => {
      const request = BatchRequest.parse(JSON.parse(batch.body));
      const seqs = request.readings.map(([seq]) => seq);
      store.sent.push({ lane, seqs, atMono: clock.monotonicMs(), beside: [...inFlight] });
      inFlight.push(lane);
      await clock.sleep('request', store.tookMs, stopping);
      inFlight.splice(inFlight.indexOf(lane), 1);
      if (stopping?.aborted) return { kind: 'unavailable', reason: 'abandoned' };
      const outcome = store.behave(seqs);
      if (outcome !== undefined && outcome !== 'loses the reply') return outcome;
      const fresh = seqs.filter((seq) => !stored.has(seq));
      const known = seqs.filter((seq) => stored.has(seq));
      for (const seq of fresh) stored.set(seq, clock.monotonicMs());
      if (outcome === 'loses the reply') return { kind: 'unavailable', reason: 'ECONNRESET' };
      return { kind: 'stored', answer: { stored: ranges(fresh), duplicate: ranges(known), refused: [] } };
    };

  const store: Store = {
    stored,
    sent: [],
    inFlight,
    tookMs: TOOK_MS,
    behave: () => undefined,
    deliver: { live: via('live'), backfill: via('backfill') },
  };
  return store;
}

export function createDestinationRig(options: DestinationOptions & { backlog?: number } = {}) {
  const world = createTestWorld();
  const { clock, recorder } = world;
  const file = join(tempDir(), 'outbox.db');
  const open = () => openOutbox({ file, gateway: 'test', destinations: [NAME], world, bootId: 'boot' });
  let outbox = open();
  onTestFinished(() => outbox.close());
  for (let left = options.backlog ?? 0; left > 0; left -= 1_000)
    outbox.append(someReadings(Math.min(1_000, left)));

  const store = createStore(clock);
  const pulse = { promise: () => {}, release: () => {} };
  const start = () => {
    const started = createDestination({ name: NAME, outbox, deliver: store.deliver, world, pulse }, options);
    const ended = Promise.all([started.live.run(), started.backfill.run()]);
    const stop = async () => {
      started.live.stop();
      started.backfill.stop();
      await clock.advance(0);
      await ended;
      started.close();
    };
    onTestFinished(stop);
    return { destination: started, stop };
  };
  const { destination, stop } = start();
  return {
    world,
    clock,
    recorder,
    store,
    destination,
    stop,
    outbox: () => outbox,
    /** One round of the sampler. Returns its seqs. */
    round(rows = 5) {
      const { lo, hi } = outbox.append(someReadings(rows));
      destination.nudge();
      return Array.from({ length: hi - lo + 1 }, (_, i) => lo + i);
    },
    /** The program ends and starts again with the same file. */
    async restart() {
      await stop();
      outbox.close();
      outbox = open();
      return start().destination;
    },
  };
}
