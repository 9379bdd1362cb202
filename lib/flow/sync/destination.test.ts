import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { settle, type VirtualClock } from '../../../test/support/virtual-clock.ts';
import type { Lane } from '../flow-event.ts';
import { openOutbox } from '../outbox/outbox.ts';
import { BatchRequest, type Reading } from '../reading.ts';
import { rangesOfSeqs } from '../seq-ranges.ts';
import type { Deliver, DeliveryOutcome } from './delivery-outcome.ts';
import { createDestination, type DestinationOptions } from './destination.ts';

const NAME = 'local';
/** What a fake request takes, in virtual time. */
const TOOK_MS = 40;
const DOWN: DeliveryOutcome = { kind: 'unavailable', reason: 'connect ECONNREFUSED' };

type Behaviour = (seqs: number[]) => DeliveryOutcome | 'loses the reply' | undefined;

interface Sent {
  readonly lane: Lane;
  readonly seqs: number[];
  readonly atMono: number;
  /** What was in flight when it started. */
  readonly beside: Lane[];
}

interface Store {
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
function createStore(clock: VirtualClock): Store {
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

function setUp(options: DestinationOptions & { backlog?: number } = {}) {
  const world = createTestWorld();
  const { clock, recorder } = world;
  const file = join(tempDir(), 'outbox.db');
  const open = () => openOutbox({ file, gateway: 'test', destinations: [NAME], world, bootId: 'boot' });
  let outbox = open();
  onTestFinished(() => outbox.close());
  for (let left = options.backlog ?? 0; left > 0; left -= 1_000)
    outbox.append(readings(Math.min(1_000, left)));

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
      const { lo, hi } = outbox.append(readings(rows));
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

function readings(rows: number): Reading[] {
  return Array.from({ length: rows }, (_, i) => ({
    sensor: 'attic',
    metric: `m${i % 5}`,
    unit: 'celsius',
    at: 1_768_493_375_000,
    value: i,
    flags: 0,
    monoMs: 1,
  }));
}

describe('a fresh round', () => {
  test('is delivered at once, and nothing else is sent', async () => {
    const { clock, store, destination, round } = setUp();
    await settle();

    const seqs = round();
    await clock.advance(TOOK_MS);

    expect([...store.stored.keys()]).toEqual(seqs);
    expect(store.sent).toHaveLength(1);
    expect(destination.status()).toMatchObject({
      backlog: { rows: 0 },
      lastOutcome: { kind: 'stored' },
      nextTryInMs: 0,
    });
  });

  test('is stored within one request time of being read while a backlog of 20,000 drains', async () => {
    const { clock, store, round } = setUp({ backlog: 20_000 });
    const lateness: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      await clock.advance(173);
      const readMono = clock.monotonicMs();
      const seqs = round();
      await clock.advance(2 * TOOK_MS);
      for (const seq of seqs) lateness.push((store.stored.get(seq) ?? Number.POSITIVE_INFINITY) - readMono);
    }
    await clock.advance(10_000);

    expect(Math.max(...lateness)).toBeLessThanOrEqual(TOOK_MS);
    expect(store.stored.size).toBe(20_100);
    // The backlog stands back: no batch of it starts beside a round, and no lane sends two at once.
    const started = store.sent.map(({ lane, beside }) => `${lane} beside ${beside.join() || 'none'}`);
    expect(new Set(started)).toEqual(
      new Set(['live beside none', 'live beside backfill', 'backfill beside none']),
    );
  });

  test('that failed is sent again by the backfill lane, and only once', async () => {
    const { clock, store, round } = setUp();
    store.behave = () => DOWN;
    const first = round();
    await clock.advance(TOOK_MS);
    store.behave = () => undefined;

    await clock.advance(10_000);

    expect(store.sent.map(({ seqs }) => seqs)).toEqual([first, first]);
    expect(store.sent[1]?.atMono).toBeGreaterThanOrEqual(5_000);
  });

  test('of several rounds that queued up, the newest goes first', async () => {
    const { clock, store, destination, round } = setUp();
    destination.hold('');
    for (let i = 0; i < 100; i += 1) round(5);
    await clock.advance(1_000);

    destination.release();
    await clock.advance(TOOK_MS);

    expect(store.sent[0]?.seqs).toEqual(Array.from({ length: 200 }, (_, i) => 301 + i));
    await clock.advance(10_000);
    expect(store.stored.size).toBe(500);
  });
});

describe('a drain', () => {
  test('goes on without a pause until nothing is left, with growing batches, and says so', async () => {
    const { clock, store, destination, recorder } = setUp({ backlog: 10_000 });

    await clock.advance(1_000);

    expect(store.stored.size).toBe(10_000);
    expect(Math.max(...store.sent.map(({ seqs }) => seqs.length))).toBe(1_000);
    expect(recorder.of('backlog.drained')).toMatchObject([{ destination: NAME, rows: 10_000 }]);
    expect(destination.status().backlog.rows).toBe(0);
  });

  test('at half share rests as long as it sends', async () => {
    const { clock, store } = setUp({ backlog: 1_000, drainShare: 0.5 });

    await clock.advance(10_000);

    const [first, second] = store.sent;
    expect((second?.atMono ?? 0) - (first?.atMono ?? 0)).toBe(2 * TOOK_MS);
    expect(store.stored.size).toBe(1_000);
  });

  test.each([
    ['oldest', 1],
    ['newest', 2_801],
  ] as const)('in the order %s begins at seq %d', async (order, first) => {
    const { clock, store } = setUp({ backlog: 3_000, order });

    await clock.advance(TOOK_MS);

    expect(store.sent[0]?.seqs[0]).toBe(first);
  });

  test('sends less at a time to an API that is slow, and more again when it has recovered', async () => {
    const { clock, store, destination } = setUp({ backlog: 5_000 });
    store.tookMs = 3_000;
    await clock.advance(9_500);
    expect(destination.status().backfill.size.rows).toBeLessThan(50);

    store.tookMs = TOOK_MS;
    await clock.advance(10_000);

    expect(store.stored.size).toBe(5_000);
    expect(destination.status().backfill.size.rows).toBeGreaterThan(500);
  });

  test('survives a 413: half as much, until it fits, and nothing is buried', async () => {
    const { clock, store, outbox } = setUp({ backlog: 1_000 });
    store.behave = (seqs) =>
      seqs.length > 30 ? { kind: 'refused', code: 'BIG', message: 'too large', tooLarge: true } : undefined;

    await clock.advance(60_000);

    expect(store.stored.size).toBe(1_000);
    expect(outbox().deadLetters(10)).toEqual([]);
  });

  test('loses nothing and sends nothing twice across a stop in the middle', async () => {
    const { clock, store, restart } = setUp({ backlog: 10_000 });
    await clock.advance(190);

    await restart();
    await clock.advance(10_000);

    expect(store.stored.size).toBe(10_000);
    const arrivals = store.sent.flatMap(({ seqs }) => seqs).length;
    expect(arrivals).toBeLessThanOrEqual(11_000); // The batch in flight at the stop came again.
  });
});

describe('an outage', () => {
  test('opens the breaker at the third failure, probes 10, 30, 60 s apart, and is over at once when healed', async () => {
    const { clock, store, destination, recorder, round } = setUp();
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
    const { clock, store, recorder, round } = setUp({ backlog: 2_000 });
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
    const { clock, store, round } = setUp();
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
    const { clock, store, restart, round } = setUp();
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
    const { clock, store, round } = setUp();
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
  const { clock, store, destination, outbox, round } = setUp();
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

describe('one bad reading', () => {
  const refuses =
    (bad: number): Behaviour =>
    (seqs) =>
      seqs.includes(bad)
        ? { kind: 'refused', code: 'BAD', message: `seq ${bad}`, tooLarge: false }
        : undefined;

  test('among 1000 refused whole is buried after at most 12 requests, and the 999 arrive in the same drain', async () => {
    const { clock, store, outbox, recorder } = setUp({ backlog: 1_000 });
    store.behave = refuses(777);

    await clock.advance(5_000);

    expect(outbox().deadLetters(10)).toMatchObject([{ seq: 777, code: 'BAD', message: 'seq 777' }]);
    expect(store.stored.size).toBe(999);
    const asked = store.sent.filter(({ seqs }) => seqs.includes(777)).length;
    expect(asked).toBeLessThanOrEqual(12);
    expect(recorder.of('reading.buried')).toHaveLength(1);
    expect(recorder.of('breaker.opened')).toEqual([]);
    expect(recorder.of('backlog.drained')).toHaveLength(1);
  });

  test('in a fresh round is found by the backfill lane, and the next rounds are not delayed', async () => {
    const { clock, store, outbox, round } = setUp();
    store.behave = refuses(3);
    round();
    await clock.advance(1_000);
    const next = round();
    await clock.advance(TOOK_MS);

    for (const seq of next) expect(store.stored.has(seq)).toBe(true);
    expect(outbox().deadLetters(10)).toMatchObject([{ seq: 3 }]);
    expect(store.stored.size).toBe(9);
  });

  test('named in a 200 is buried, and the others are acknowledged', async () => {
    const { clock, store, outbox, destination, round } = setUp();
    store.behave = () => ({
      kind: 'stored',
      answer: { stored: [[1, 2]], duplicate: [[4, 5]], refused: [{ seq: 3, code: 'BAD', message: 'no' }] },
    });

    round();
    await clock.advance(TOOK_MS);

    expect(outbox().deadLetters(10)).toMatchObject([{ seq: 3, code: 'BAD' }]);
    expect(destination.status()).toMatchObject({
      backlog: { rows: 0 },
      counters: { stored: 2, duplicate: 2, buried: 1 },
    });
  });

  test('not named by an acknowledgement stays, and is sent again', async () => {
    const { clock, store, destination, round } = setUp();
    store.behave = () => ({ kind: 'stored', answer: { stored: [[1, 4]], duplicate: [], refused: [] } });
    round();
    await clock.advance(TOOK_MS);
    expect(destination.status().backlog.rows).toBe(1);

    store.behave = () => undefined;
    await clock.advance(6_000);

    expect([...store.stored.keys()]).toEqual([5]);
  });

  test('everything refused one by one slows down to a burial a minute: then it is not the readings', async () => {
    const { clock, store, outbox } = setUp({ backlog: 500 });
    store.behave = () => ({ kind: 'refused', code: 'BAD', message: 'no', tooLarge: false });

    await clock.advance(300_000);

    expect(outbox().deadLetters(1_000).length).toBeGreaterThanOrEqual(50);
    expect(outbox().deadLetters(1_000).length).toBeLessThanOrEqual(60);
  });
});

describe('a reading on which the API fails inside (500)', () => {
  const poisonedBy =
    (bad: number): Behaviour =>
    (seqs) =>
      seqs.includes(bad) ? { kind: 'unavailable', reason: 'HTTP 500', failedInside: true } : undefined;

  test('does not hold up the backlog, not even where no fresh round keeps the breaker closed', async () => {
    const { clock, store, outbox } = setUp({ backlog: 1_000 });
    // In the first half every time: nothing is stored between the failures of the search.
    store.behave = poisonedBy(1);

    await clock.advance(120_000);

    expect(store.stored.size).toBe(999);
    expect(outbox().deadLetters(10)).toEqual([]);
  });

  test('is buried once it has failed alone five times while others passed', async () => {
    const { clock, store, outbox, round } = setUp({ backlog: 1_000 });
    store.behave = poisonedBy(500);

    for (let i = 0; i < 60; i += 1) {
      round();
      await clock.advance(10_000);
    }

    expect(outbox().deadLetters(10)).toMatchObject([{ seq: 500, code: 'SERVER_ERROR' }]);
    expect(store.stored.size).toBe(999 + 300);
  });

  test('twin: in an outage of nothing but 500 no reading is ever buried, and all arrive afterwards', async () => {
    const { clock, store, outbox, round } = setUp({ backlog: 1_000 });
    store.behave = () => ({ kind: 'unavailable', reason: 'HTTP 500', failedInside: true });
    for (let i = 0; i < 360; i += 1) {
      round();
      await clock.advance(10_000);
    }
    expect(outbox().deadLetters(10)).toEqual([]);

    store.behave = () => undefined;
    await clock.advance(300_000);
    round();
    await clock.advance(120_000);

    expect(store.stored.size).toBe(1_000 + 361 * 5);
    expect(outbox().deadLetters(10)).toEqual([]);
  });
});

describe('stopping', () => {
  test('ends both loops at once in the middle of hung requests; the rows stay and no failure is noted', async () => {
    const { clock, store, stop, outbox, round } = setUp({ backlog: 500 });
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
        const { clock, store, outbox, round, restart, stop } = setUp({ backlog: 300 });
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
    outbox.append(readings(5));
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
