/**
 * A reader from its sensor to a real store, in virtual time, on a machine whose wall clock does as told. The
 * sensor's value is the number of its reading, and the rig remembers at what true time each was taken: so it
 * can be asked of every reading, wherever it has got to, whether its time is right.
 */

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { bootIdAfterSleep } from '../../lib/base/boot-id.ts';
import type { ClockTrust } from '../../lib/base/steady-wall.ts';
import { createSamplingLoop } from '../../lib/flow/acquire/sampling-loop.ts';
import { stampFrom, stampFromClock } from '../../lib/flow/acquire/stamp.ts';
import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { type ClockLoop, createClockLoop } from '../../lib/flow/outbox/clock-loop.ts';
import { openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { openOutboxReadOnly } from '../../lib/flow/outbox/outbox-view.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import type { Deliver } from '../../lib/flow/sync/delivery-outcome.ts';
import { createDestination } from '../../lib/flow/sync/destination.ts';
import { batchOf } from '../../lib/flow/write-api/ingest.ts';
import { WRITE_API_LIMITS } from '../../lib/flow/write-api/limits.ts';
import { openStoreReadOnly } from '../../lib/flow/write-api/store/sqlite-reader.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { noPulse } from './sampling-rig.ts';
import { tempDir } from './temp-dir.ts';
import { createTestWorld } from './test-world.ts';
import { INCIDENT_AT } from './virtual-clock.ts';

const ROUND_MS = 10_000;
const HOLD_MS = 300_000;
const NAME = 'local';

export interface ClockRigOptions {
  /** What the clock shows when the machine has booted; the truth, if left out. */
  readonly wallMs?: number;
  readonly holdMs?: number;
  /** Stamps readings by the machine's own clock: the twin that shows what the steady one is for. */
  readonly naive?: boolean;
}

/** A reading wherever it is, and how far its time is from the true one. */
export interface Found {
  readonly number: number;
  readonly at: number;
  readonly errorMs: number;
  readonly marked: boolean;
}

export interface ClockRig {
  readonly events: (type: FlowEvent['type']) => FlowEvent[];
  advance(ms: number): Promise<void>;
  /** A time service sets the clock right, and vouches for it. */
  synchronize(): void;
  /** The clock jumps, and nobody vouches for it. */
  jump(ms: number): void;
  /** Somebody stops, or starts, to vouch for the clock as it stands. */
  vouch(trusted: boolean): void;
  /** The machine sleeps. */
  suspend(ms: number): void;
  /** The reader ends and starts again in the same boot. */
  restart(): Promise<void>;
  /** Whether the store can be reached. */
  online(is: boolean): void;
  /** Loses the next so many answers, after the store has stored. */
  loseReplies(count: number): void;
  trueNow(): number;
  /** How many readings were taken. */
  taken(): number;
  status(): ReturnType<ClockLoop['status']>;
  stored(): Promise<Found[]>;
  /** In the outbox and not in the store. */
  waiting(): Promise<Found[]>;
  /** Otherwise at the end of the test. */
  stop(): Promise<void>;
}

export async function startClockRig(options: ClockRigOptions = {}): Promise<ClockRig> {
  const world = createTestWorld({ wallMs: options.wallMs ?? INCIDENT_AT });
  const { clock, recorder } = world;
  const dir = tempDir();
  const outboxFile = join(dir, 'outbox.db');
  const storeFile = join(dir, 'store.db');
  const store = createSqliteStore({ file: storeFile, world: { ...world, observe() {} } });

  const truth: number[] = [];
  let asleepMs = 0;
  let vouched = false;
  let online = true;
  let repliesToLose = 0;
  const trueNow = () => INCIDENT_AT + asleepMs + clock.monotonicMs();

  const trust: ClockTrust = {
    look: async () =>
      vouched ? { trusted: true, why: 'NTP' } : { trusted: false, why: 'NTP has not answered yet' },
  };

  const deliver: Deliver = async (batch, _deadlineMs, stopping) => {
    await clock.sleep('request', 30, stopping);
    if (!online || stopping?.aborted) return { kind: 'unavailable', reason: 'connect ECONNREFUSED' };
    const incoming = batchOf(JSON.parse(batch.body), {
      nowAt: clock.wallMs(),
      limits: WRITE_API_LIMITS,
      ownStream: store.ownStream,
      defaultGateway: 'test',
    });
    const [answer] = await store.ingest([incoming]);
    if (answer === undefined) throw new Error('the store did not answer');
    if (repliesToLose > 0) {
      repliesToLose -= 1;
      return { kind: 'unavailable', reason: 'ECONNRESET' };
    }
    return { kind: 'stored', answer };
  };

  async function startReader() {
    const bootId = () => bootIdAfterSleep('boot', asleepMs);
    const outbox = openOutbox({
      file: outboxFile,
      gateway: 'test',
      destinations: [NAME],
      world,
      bootId: bootId(),
      clockHoldMs: options.holdMs ?? HOLD_MS,
    });
    const destination = createDestination({ name: NAME, outbox, deliver, world, pulse: noPulse });
    const clockLoop = createClockLoop({
      trust,
      outbox,
      world,
      pulse: noPulse,
      bootId,
      suspendedMs: () => asleepMs,
      holdMs: options.holdMs ?? HOLD_MS,
      onReleased: () => destination.nudge(),
    });
    await clockLoop.look();
    const sampling = createSamplingLoop({
      sources: [
        {
          name: 'counter',
          deadlineMs: 1_000,
          read: async () => {
            truth.push(trueNow());
            return [{ sensor: 'counter', metric: 'number', unit: 'count', value: truth.length - 1 }];
          },
        },
      ],
      intervalMs: ROUND_MS,
      stamp: options.naive ? stampFromClock(clock) : stampFrom(clockLoop.wall),
      world,
      pulse: noPulse,
      append(readings) {
        outbox.append(readings);
        destination.nudge();
      },
    });
    const loops = [sampling, clockLoop, destination.live, destination.backfill];
    const ended = Promise.all(loops.map((loop) => loop.run()));
    return {
      outbox,
      clockLoop,
      async stop() {
        for (const loop of loops) loop.stop();
        await clock.advance(0);
        await ended;
        destination.close();
        outbox.close();
      },
    };
  }

  let reader = await startReader();
  onTestFinished(() => rig.stop());
  // Between two rounds: whatever a test does next meets none on its way.
  const toMidRound = () => clock.advance(ROUND_MS / 2);
  await toMidRound();

  const found = ({ value, at, flags }: { value: number; at: number; flags: number }): Found => ({
    number: value,
    at,
    errorMs: at - (truth[value] ?? Number.NaN),
    marked: (flags & FLAG.clockUntrusted) !== 0,
  });

  async function stored(): Promise<Found[]> {
    const view = openStoreReadOnly(storeFile);
    const readings: Found[] = [];
    for await (const reading of view.readings({ sinceAt: 0 })) readings.push(found(reading));
    await view.close();
    return readings.sort((a, b) => a.number - b.number);
  }

  let stopped = false;
  const rig: ClockRig = {
    events: (type) => recorder.of(type),
    advance: (ms) => clock.advance(ms),
    synchronize() {
      clock.stepWall(trueNow() - clock.wallMs());
      vouched = true;
    },
    jump(ms) {
      clock.stepWall(ms);
      vouched = false;
    },
    vouch(trusted) {
      vouched = trusted;
    },
    suspend(ms) {
      asleepMs += ms;
      clock.stepWall(ms);
    },
    async restart() {
      await reader.stop();
      reader = await startReader();
      await toMidRound();
    },
    online(is) {
      online = is;
    },
    loseReplies(count) {
      repliesToLose = count;
    },
    trueNow,
    taken: () => truth.length,
    status: () => reader.clockLoop.status(),
    stored,
    async waiting() {
      const there = new Set((await stored()).map((one) => one.number));
      const view = openOutboxReadOnly(outboxFile);
      const rows = [...view.rows()].map(found).filter((one) => !there.has(one.number));
      view.close();
      return rows;
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      await reader.stop();
      await store.close();
    },
  };
  return rig;
}
