import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Behaviour,
  createDestinationRig,
  createStore,
  DOWN,
  NAME,
  TOOK_MS,
} from '../../../test/support/destination-rig.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { someReadings } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { openOutbox } from '../outbox/outbox.ts';
import { createDestination } from './destination.ts';

describe('an outage', () => {
  test('opens the breaker at the third failure, probes 10, 30, 60 s apart, and is over at once when healed', async () => {
    const { clock, store, destination, recorder, round } = createDestinationRig();
    store.behave = () => DOWN;
    for (let i = 0; i < 30; i += 1) {
      round();
      await clock.advance(10_000);
    }
    const probes = recorder.of('breaker.half_opened').length;
    expect(
      recorder
        .of('breaker.opened')
        .slice(0, 4)
        .map(({ step }) => step),
    ).toEqual([0, 1, 2, 2]);
    expect(recorder.of('breaker.opened')[0]).toMatchObject({ failures: 3 });
    expect(store.sent).toHaveLength(3 + probes);
    expect(destination.status().breaker).toMatchObject({ state: 'open', reason: 'connect ECONNREFUSED' });
    expect(destination.status().nextTryInMs).toBeGreaterThan(0);

    store.behave = () => undefined;
    destination.probeNow();
    await clock.advance(1_000);

    expect(store.stored.size).toBe(150);
    expect(destination.status().breaker.state).toBe('closed');
    expect(destination.status().backlog.rows).toBe(0);
  });

  test('is probed by the live lane first, with the newest round', async () => {
    const { clock, store, recorder, round } = createDestinationRig({ backlog: 2_000 });
    store.behave = () => DOWN;
    await clock.advance(16_000);
    expect(recorder.of('breaker.opened')).toHaveLength(1);
    const sentBefore = store.sent.length;

    const fresh = round();
    await clock.advance(12_000);

    expect(store.sent).toHaveLength(sentBefore + 1);
    expect(store.sent.at(-1)?.seqs).toEqual(fresh);
  });

  test('that asks for patience with a Retry-After gets it, even before the breaker opens', async () => {
    const { clock, store, round } = createDestinationRig();
    store.behave = () => ({
      kind: 'unavailable',
      reason: 'HTTP 429',
      retryAfterMs: 120_000,
      overloaded: true,
    });

    round();
    await clock.advance(119_000);
    round();
    await clock.advance(500);

    expect(store.sent).toHaveLength(1);
  });

  test('survived by a restart begins with a single probe', async () => {
    const { clock, store, restart, round } = createDestinationRig();
    store.behave = () => DOWN;
    for (let i = 0; i < 10; i += 1) {
      round();
      await clock.advance(10_000);
    }
    const before = store.sent.length;

    const again = await restart();
    await clock.advance(20_000);

    expect(store.sent.length - before).toBe(1);
    expect(again.status().breaker).toMatchObject({ state: 'open', step: 2 });
  });

  test('flapping every 5 s for 10 minutes loses nothing, and all arrives when it ends', async () => {
    const { clock, store, round } = createDestinationRig();
    store.behave = () => (Math.floor(clock.monotonicMs() / 5_000) % 2 === 0 ? DOWN : undefined);
    for (let i = 0; i < 60; i += 1) {
      round();
      await clock.advance(10_000);
    }

    store.behave = () => undefined;
    await clock.advance(120_000);

    expect(store.stored.size).toBe(300);
  });
});

test('a misconfiguration buries nothing, keeps the breaker closed, and is tried again after the longest pause', async () => {
  const { clock, store, destination, outbox, round } = createDestinationRig();
  store.behave = () => ({ kind: 'misconfigured', reason: 'HTTP 401' });
  for (let i = 0; i < 6; i += 1) {
    round();
    await clock.advance(9_900);
  }

  expect(store.sent.length).toBe(1);
  expect(destination.status().breaker.state).toBe('closed');
  expect(destination.status().lastOutcome).toMatchObject({ kind: 'misconfigured', reason: 'HTTP 401' });
  expect(outbox().deadLetters(10)).toEqual([]);
  store.behave = () => undefined;
  await clock.advance(15_000);
  expect(store.stored.size).toBe(30);
});

describe('stopping', () => {
  test('ends both loops at once in the middle of hung requests; the rows stay and no failure is noted', async () => {
    const { clock, store, stop, outbox, round } = createDestinationRig({ backlog: 500 });
    store.tookMs = 30_000;
    await clock.advance(10);
    round();
    await clock.advance(10);
    expect(store.inFlight).toHaveLength(2);

    await stop();

    expect(clock.monotonicMs()).toBe(20);
    expect(outbox().backlog(NAME).rows).toBe(505);
    expect(outbox().breaker(NAME)).toBeUndefined();
  });
});

test('whatever the other side does, every reading is stored once or buried by name, and the end is peace', async () => {
  const outcome = fc.constantFrom<ReturnType<Behaviour>>(
    undefined,
    undefined,
    'loses the reply',
    DOWN,
    { kind: 'unavailable', reason: 'HTTP 503', overloaded: true, retryAfterMs: 20_000 },
    { kind: 'unavailable', reason: 'HTTP 500', failedInside: true },
    { kind: 'misconfigured', reason: 'HTTP 404' },
    { kind: 'refused', code: 'BIG', message: 'too large', tooLarge: true },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { minLength: 1, maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 20_000 }),
      fc.boolean(),
      async (script, waits, tookMs, restarts) => {
        const { clock, store, outbox, round, restart, stop } = createDestinationRig({ backlog: 300 });
        let request = 0;
        store.tookMs = tookMs;
        store.behave = () => script[request++ % script.length];
        for (const waitMs of waits) {
          round();
          await clock.advance(waitMs);
        }
        if (restarts) await restart();

        store.tookMs = TOOK_MS;
        store.behave = () => undefined;
        await clock.advance(600_000);

        const accepted = 300 + waits.length * 5;
        const buried = outbox()
          .deadLetters(1_000)
          .map(({ seq }) => seq);
        const either = new Set([...store.stored.keys(), ...buried]);
        expect(either.size).toBe(accepted);
        expect(outbox().backlog(NAME).rows).toBe(0);
        expect(outbox().breaker(NAME)?.state ?? 'closed').toBe('closed');
        for (const { lane, beside } of store.sent) expect(beside).not.toContain(lane);
        await stop();
      },
    ),
    { numRuns: 20 },
  );
});

test('two destinations share an outbox, and a dead one costs the other nothing', async () => {
  const world = createTestWorld();
  const { clock } = world;
  const file = join(tempDir(), 'outbox.db');
  const outbox = openOutbox({ file, gateway: 'test', destinations: ['dead', 'well'], world, bootId: 'boot' });
  const pulse = { promise: () => {}, release: () => {} };
  const stores = { dead: createStore(clock), well: createStore(clock) };
  stores.dead.behave = () => DOWN;
  const both = (['dead', 'well'] as const).map((name) =>
    createDestination({ name, outbox, deliver: stores[name].deliver, world, pulse }),
  );
  const ended = both.flatMap(({ live, backfill }) => [live.run(), backfill.run()]);

  for (let i = 0; i < 20; i += 1) {
    outbox.append(someReadings(5));
    for (const one of both) one.nudge();
    await clock.advance(TOOK_MS);
    expect(stores.well.stored.size).toBe(5 * (i + 1));
    await clock.advance(10_000 - TOOK_MS);
  }

  expect(outbox.backlog('dead').rows).toBe(100);
  for (const { live, backfill } of both) {
    live.stop();
    backfill.stop();
  }
  await clock.advance(0);
  await Promise.all(ended);
  outbox.close();
});
