import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import CircuitBreaker from 'opossum';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  DOWN,
  fire,
  MISCONFIGURED,
  openAndWait,
  REFUSED,
  STORED,
  breakerRig as setUp,
} from '../../../test/support/breaker-rig.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { createBreaker } from './breaker.ts';
import type { DeliveryOutcome } from './delivery-outcome.ts';

test('it opens at exactly the n-th consecutive failure, at any cadence from 10 ms to a minute', async () => {
  const cadenceMs = fc.integer({ min: 10, max: 60_000 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.tuple(cadenceMs, fc.constantFrom(STORED, REFUSED, MISCONFIGURED, DOWN)), { maxLength: 40 }),
      async (failuresToOpen, calls) => {
        const { breaker, clock } = setUp({ failuresToOpen });
        let consecutive = 0;
        for (const [waitMs, outcome] of calls) {
          await clock.advance(waitMs);
          const { made } = await fire(breaker, outcome);
          expect(made).toBe(true);
          consecutive = outcome.kind === 'unavailable' ? consecutive + 1 : 0;
          expect(breaker.status().state).toBe(consecutive >= failuresToOpen ? 'open' : 'closed');
          if (consecutive >= failuresToOpen) break;
        }
        breaker.close();
      },
    ),
  );
});

test('a failure that outlasts opossum’s statistical window does not open it by itself', async () => {
  const { breaker, clock } = setUp();
  const slow = breaker.fire(async () => {
    await clock.sleep('slow', 30_000);
    return DOWN;
  });
  await fire(breaker, STORED); // The other lane’s answer moves the window on past the start of the slow one.

  await clock.advance(30_000);
  await slow;

  expect(breaker.status()).toMatchObject({ state: 'closed', failures: 1 });
});

test('twin: on its own threshold opossum opens at such a failure, because one of none is more than 100 %', async () => {
  const buckets = new EventEmitter();
  const settings = {
    timeout: false as const,
    errorThresholdPercentage: 100,
    rollingCountBuckets: 1,
    rotateBucketController: buckets,
    enableSnapshots: false,
  };
  const bare = new CircuitBreaker(async () => {
    buckets.emit('rotate');
    throw new Error('down');
  }, settings);
  onTestFinished(() => bare.shutdown());

  await bare.fire().catch(() => {});

  expect(bare.opened).toBe(true);
});

test('while it is open nothing gets through until the pause is over, then exactly one probe', async () => {
  const { breaker, clock, recorder } = setUp();
  for (let i = 0; i < 3; i += 1) await fire(breaker, DOWN);
  const pauseMs = breaker.dueMono() - clock.monotonicMs();

  await clock.advance(pauseMs - 1);
  expect((await fire(breaker, STORED)).made).toBe(false);
  await clock.advance(1);
  const probe = breaker.fire(async () => {
    await clock.sleep('probe', 5_000);
    return STORED;
  });
  const others = await Promise.all([fire(breaker, STORED), fire(breaker, STORED)]);
  await clock.advance(5_000);

  expect(others.map(({ made }) => made)).toEqual([false, false]);
  expect(await probe).toEqual(STORED);
  expect(recorder.events).toMatchObject([
    {
      type: 'breaker.opened',
      destination: 'local',
      failures: 3,
      step: 0,
      pauseMs,
      reason: 'connect ECONNREFUSED',
    },
    { type: 'breaker.half_opened', destination: 'local' },
    { type: 'breaker.closed', destination: 'local', openMs: pauseMs + 5_000 },
  ]);
});

test('there are never two probes at once, whoever asks and whenever', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 30_000 }), fc.boolean()),
        {
          minLength: 1,
          maxLength: 30,
        },
      ),
      async (calls) => {
        const one = setUp();
        const { breaker, clock } = one;
        await openAndWait(one);
        let probing = 0;
        const pending: Promise<unknown>[] = [];
        for (const [waitMs, tookMs, up] of calls) {
          await clock.advance(waitMs);
          if (breaker.status().state === 'closed') break;
          pending.push(
            breaker.fire(async () => {
              probing += 1;
              expect(probing).toBe(1);
              await clock.sleep('probe', tookMs);
              probing -= 1;
              return up ? STORED : DOWN;
            }),
          );
        }
        await clock.advance(60_000);
        await Promise.all(pending);
        breaker.close();
      },
    ),
    { numRuns: 50 },
  );
});

test('pauses grow 10, 30, 60, 60 s, each with its jitter, and a success starts over', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const one = setUp({ seed });
      const { breaker, recorder } = one;
      await openAndWait(one);
      for (let i = 0; i < 3; i += 1) {
        await fire(breaker, DOWN);
        await one.clock.advance(breaker.dueMono() - one.clock.monotonicMs());
      }
      await fire(breaker, STORED);
      await openAndWait(one);

      const opened = recorder.of('breaker.opened');
      const rungs = [10_000, 30_000, 60_000, 60_000, 10_000];
      expect(opened.map(({ step }) => step)).toEqual([0, 1, 2, 2, 0]);
      for (const [i, { pauseMs }] of opened.entries()) {
        const rung = rungs[i] ?? 0;
        expect(pauseMs).toBeGreaterThanOrEqual(rung);
        expect(pauseMs).toBeLessThanOrEqual(rung * 1.2);
      }
      breaker.close();
    }),
    { numRuns: 30 },
  );
});

test.each([REFUSED, MISCONFIGURED, STORED])(
  'a probe answered with $kind closes it: somebody is there',
  async (outcome) => {
    const one = setUp();
    await openAndWait(one);

    await fire(one.breaker, outcome);

    expect(one.breaker.status()).toMatchObject({ state: 'closed', failures: 0, step: 0 });
  },
);

test('a Retry-After of the opening or probing answer lengthens the pause', async () => {
  const one = setUp();
  const busy: DeliveryOutcome = { kind: 'unavailable', reason: 'HTTP 429', retryAfterMs: 300_000 };
  await fire(one.breaker, DOWN);
  await fire(one.breaker, DOWN);

  await fire(one.breaker, busy);

  expect(one.breaker.dueMono() - one.clock.monotonicMs()).toBeGreaterThanOrEqual(300_000);
});

test('an abandoned attempt is neither a failure nor a success, and gives the probe back', async () => {
  const one = setUp();
  const { breaker } = one;
  for (let i = 0; i < 5; i += 1) await breaker.fire(async () => undefined);
  expect(breaker.status()).toMatchObject({ state: 'closed', failures: 0 });
  await openAndWait(one);

  await breaker.fire(async () => undefined);

  expect(breaker.status()).toMatchObject({ state: 'half_open', step: 0 });
  expect((await fire(breaker, STORED)).made).toBe(true);
  expect(breaker.status().state).toBe('closed');
});

test('a straggler from before the opening changes nothing, late success or late failure', async () => {
  for (const late of [STORED, DOWN]) {
    const one = setUp();
    const { breaker, clock } = one;
    const straggler = breaker.fire(async () => {
      await clock.sleep('straggler', 60_000);
      return late;
    });
    await openAndWait(one);
    void breaker.fire(async () => {
      await clock.sleep('probe', 600_000);
      return DOWN;
    });

    await clock.advance(60_000);

    expect(await straggler).toEqual(late);
    expect(breaker.status()).toMatchObject({ state: 'half_open', step: 0 });
  }
});

describe('across a restart', () => {
  test('in an outage it begins with one probe, on the step it had reached', async () => {
    const one = setUp();
    await openAndWait(one);
    await fire(one.breaker, DOWN); // Step 1 now.
    one.breaker.close();

    const again = one.restart();
    const firstTry = await fire(again, DOWN);
    const secondTry = await fire(again, DOWN);

    expect([firstTry.made, secondTry.made]).toEqual([true, false]);
    expect(again.status()).toMatchObject({ state: 'open', step: 2 });
    expect(again.dueMono() - one.clock.monotonicMs()).toBeGreaterThanOrEqual(60_000);
  });

  test('a streak of failures goes on', async () => {
    const one = setUp();
    await fire(one.breaker, DOWN);
    await fire(one.breaker, DOWN);

    const again = one.restart();
    await fire(again, DOWN);

    expect(again.status().state).toBe('open');
  });

  test('a hold stays a hold', async () => {
    const one = setUp();
    one.breaker.hold('repairing the roof');

    const again = one.restart();
    await one.clock.advance(30 * 86_400_000);

    expect(again.status()).toMatchObject({ held: true, reason: 'repairing the roof' });
    expect((await fire(again, STORED)).made).toBe(false);
  });
});

test('probeNow ends the pause', async () => {
  const { breaker } = setUp();
  for (let i = 0; i < 3; i += 1) await fire(breaker, DOWN);

  expect(breaker.probeNow()).toBe(true);

  expect((await fire(breaker, STORED)).made).toBe(true);
  expect(breaker.status().state).toBe('closed');
});

test('the steady state writes nothing; a failure, its end and each transition do', async () => {
  const one = setUp();
  for (let i = 0; i < 100; i += 1) await fire(one.breaker, STORED);
  expect(one.kept.writes).toBe(0);

  await fire(one.breaker, DOWN);
  await fire(one.breaker, STORED);

  expect(one.kept.writes).toBe(2);
});

test('a full disk does not stop delivery, which is what empties it; a bug does', async () => {
  const world = createTestWorld();
  let code = 'SQLITE_FULL';
  const breaker = createBreaker({
    name: 'local',
    world,
    load: () => undefined,
    save: () => {
      throw Object.assign(new Error('no'), { code });
    },
  });

  for (let i = 0; i < 3; i += 1) await fire(breaker, DOWN);
  expect(breaker.status().state).toBe('open');
  code = 'ERR_A_BUG';

  expect(() => breaker.release()).not.toThrow();
  expect(() => breaker.hold('x')).toThrow('no');
});

test('opossum’s statistics stay empty-handed, however many deliveries there are', async () => {
  const calls = vi.spyOn(CircuitBreaker.prototype, 'fire');
  onTestFinished(() => calls.mockRestore());
  const { breaker } = setUp();

  for (let i = 0; i < 1_000; i += 1) await breaker.fire(async () => STORED);

  const circuit = calls.mock.contexts[0] as CircuitBreaker;
  const latencies = circuit.status.window.flatMap((bucket) => bucket.latencyTimes);
  expect(calls).toHaveBeenCalledTimes(1_000);
  expect(latencies.length).toBeLessThan(3);
});

test('however often it opens, at most one of opossum’s timers is left, and none after close', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const one = setUp();
  await openAndWait(one);
  for (let i = 0; i < 20; i += 1) {
    await fire(one.breaker, DOWN);
    await one.clock.advance(one.breaker.dueMono() - one.clock.monotonicMs());
  }

  expect(vi.getTimerCount()).toBe(1);
  one.breaker.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('damage that its record meets leaves no call that never settles', async () => {
  const world = createTestWorld();
  const save = () => {
    throw Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' });
  };
  const breaker = createBreaker({ name: 'local', world, load: () => undefined, save }, { failuresToOpen: 1 });
  onTestFinished(() => breaker.close());

  const { result } = await fire(breaker, DOWN);

  expect(result).toEqual(DOWN);
  expect(breaker.status().state).toBe('open');
});
