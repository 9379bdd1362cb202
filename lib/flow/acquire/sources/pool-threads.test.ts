/**
 * Goal: however many buses and kernel devices hang, a thread is left for files, names and deliveries. Method: real
 * turns of both kinds over a pool of four threads that does what libuv's does, calls in order and none called back.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock, settle, type VirtualClock } from '../../../../test/support/virtual-clock.ts';
import { createLiveness } from '../../../ops/liveness.ts';
import type { I2cWire } from './i2c/i2c-bus.ts';
import { createI2cTurns } from './i2c/i2c-turns.ts';
import { createDeviceTurns, type TurnLimits } from './kernel/device-turns.ts';
import { createPoolThreads, POOL_THREADS, type PoolThreads } from './pool-threads.ts';

const CALL_MS = 5;
const LIMITS: TurnLimits = { lanes: 1, patienceMs: 1_000, totalMs: 4_500, leastMs: 100 };

/** libuv's pool: so many calls at a time, the others in their order. */
function createPool(clock: VirtualClock) {
  const waiting: (() => Promise<void>)[] = [];
  let working = 0;
  async function next(): Promise<void> {
    if (working === POOL_THREADS) return;
    const call = waiting.shift();
    if (call === undefined) return;
    working += 1;
    await call();
    working -= 1;
    void next();
  }
  return (hangs: boolean) =>
    new Promise<void>((resolve) => {
      waiting.push(async () => {
        await (hangs ? new Promise<never>(() => {}) : clock.sleep('call', CALL_MS));
        resolve();
      });
      void next();
    });
}

/** Buses, devices in drivers, and plain files, over one pool. `one: false` is the twin: an account for each kind. */
function machine({ one = true } = {}) {
  const clock = createVirtualClock();
  const call = createPool(clock);
  const shared = createPoolThreads({ clock });
  const account = (): PoolThreads => (one ? shared : createPoolThreads({ clock }));
  const hung = new Set<string>();
  const busThreads = account();
  const buses = [0, 1, 2].map((bus) => {
    const wire: I2cWire = {
      drop: async () => {},
      async exchange() {
        await call(hung.has(`bus ${bus}`));
        return Uint8Array.of(1);
      },
    };
    return createI2cTurns({ bus, wire, clock, threads: busThreads });
  });
  const turns = createDeviceTurns({ clock, threads: account() });
  const devices = ['a', 'b', 'c', 'd'].map((key) => ({
    key,
    bus: key,
    read: async () => {
      await call(hung.has(key));
      return key;
    },
  }));

  /** All buses and all devices are asked at once; what they gave. */
  async function round(): Promise<readonly string[]> {
    const exchanges = buses.map((bus, i) => bus.transfer(9, Uint8Array.of(0), 1).then(() => `bus ${i}`));
    const taken = turns.take(devices, LIMITS, new AbortController().signal);
    const all = Promise.allSettled([...exchanges, taken]);
    await clock.advance(5_000);
    return (await all).flatMap((one) => (one.status === 'fulfilled' ? one.value : [])).filter(isText);
  }

  /** Whether a plain file can be read. */
  async function readsFiles(): Promise<boolean> {
    let done = false;
    void call(false).then(() => {
      done = true;
    });
    await clock.advance(1_000);
    return done;
  }
  return { hung, round, readsFiles };
}

const isText = (value: unknown): value is string => typeof value === 'string';

describe('threads of the pool', () => {
  test('are left to files when buses and kernel devices hang together', async () => {
    const { hung, round, readsFiles } = machine();
    for (const name of ['bus 0', 'bus 1', 'a', 'b']) hung.add(name);

    await round();
    await round();

    expect(await readsFiles()).toBe(true);
  });

  test('twin: with an account for each kind, two of each are all four threads, and nothing is read any more', async () => {
    const { hung, round, readsFiles } = machine({ one: false });
    for (const name of ['bus 0', 'bus 1', 'a', 'b']) hung.add(name);

    await round();
    await round();

    expect(await readsFiles()).toBe(false);
  });

  test('that a bus and a device have taken along leave the others their readings', async () => {
    const { hung, round, readsFiles } = machine();
    hung.add('bus 0').add('a');

    await round();
    const second = await round();

    expect(second).toEqual(['bus 1', 'bus 2', 'b', 'c', 'd']);
    expect(await readsFiles()).toBe(true);
  });

  test('are enough for files whatever hangs, in any order', async () => {
    const names = ['bus 0', 'bus 1', 'bus 2', 'a', 'b', 'c', 'd'];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.subarray(names), { minLength: 1, maxLength: 4 }), async (rounds) => {
        const { hung, round, readsFiles } = machine();
        for (const more of rounds) {
          for (const name of more) hung.add(name);
          await round();

          expect(await readsFiles()).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('when all threads that may be lent hang', () => {
  async function hangAll(worked: readonly boolean[]) {
    const clock = createVirtualClock();
    const liveness = createLiveness(clock);
    const threads = createPoolThreads({ clock, pulse: liveness });
    const taken = await Promise.all(worked.map(() => threads.take()));
    for (const [i, thread] of taken.entries()) thread?.hang(worked[i] ?? false);
    return { clock, liveness, threads, taken };
  }

  test('a new process is wanted within a minute if one of them had worked, whichever kind it is', async () => {
    const { clock, liveness, taken } = await hangAll([false, true, false]);

    await clock.advance(59_000);
    const before = liveness.overdue();
    await clock.advance(2_000);
    const after = liveness.overdue();
    taken[0]?.release();

    expect(before).toEqual([]);
    expect(after).toMatchObject([{ loop: 'pool threads' }]);
    expect(liveness.overdue()).toEqual([]);
  });

  test('none is wanted for what has never answered', async () => {
    const { clock, liveness } = await hangAll([false, false, false]);

    await clock.advance(3_600_000);

    expect(liveness.overdue()).toEqual([]);
  });

  test('nobody waits for one in vain, and the next that is free is lent again', async () => {
    const { threads, taken } = await hangAll([true, true, true]);

    const refused = await threads.take();
    const before = threads.hanging();
    taken[1]?.release();

    expect(refused).toBeUndefined();
    expect([before, threads.hanging()]).toEqual([3, 2]);
    expect(await threads.take()).toBeDefined();
  });
});

test('whoever has left is lent none', async () => {
  const threads = createPoolThreads({ clock: createVirtualClock(), poolThreads: 2 });
  const first = await threads.take();
  const leaver = new AbortController();
  const left = threads.take(leaver.signal);
  const last = threads.take();

  leaver.abort();
  first?.release();
  await settle();

  expect(await left).toBeUndefined();
  expect(await last).toBeDefined();
  expect(await threads.take(AbortSignal.abort())).toBeUndefined();
});
