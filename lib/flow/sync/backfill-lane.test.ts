import { describe, expect, onTestFinished, test } from 'vitest';
import { type Behaviour, createDestinationRig, TOOK_MS } from '../../../test/support/destination-rig.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Outbox, OutgoingBatch } from '../outbox/outbox.ts';
import { NO_SEQS } from '../seq-ranges.ts';
import { type BackfillLaneDeps, createBackfillLane } from './backfill-lane.ts';
import type { Delivery } from './delivery.ts';

describe('a drain', () => {
  test('goes on without a pause until nothing is left, with growing batches, and says so', async () => {
    const { clock, store, destination, recorder } = createDestinationRig({ backlog: 60_000 });

    await clock.advance(1_000);

    expect(store.stored.size).toBe(60_000);
    expect(Math.max(...store.sent.map(({ seqs }) => seqs.length))).toBe(4_000);
    expect(recorder.of('backlog.drained')).toMatchObject([{ destination: 'local', rows: 60_000 }]);
    expect(destination.status().backlog.rows).toBe(0);
  });

  test('at half share rests as long as it sends', async () => {
    const { clock, store } = createDestinationRig({ backlog: 1_000, drainShare: 0.5 });

    await clock.advance(10_000);

    const [first, second] = store.sent;
    expect((second?.atMono ?? 0) - (first?.atMono ?? 0)).toBe(2 * TOOK_MS);
    expect(store.stored.size).toBe(1_000);
  });

  test.each([
    ['oldest', 1],
    ['newest', 2_801],
  ] as const)('in the order %s begins at seq %d', async (order, first) => {
    const { clock, store } = createDestinationRig({ backlog: 3_000, order });

    await clock.advance(TOOK_MS);

    expect(store.sent[0]?.seqs[0]).toBe(first);
  });

  test('sends less at a time to an API that is slow, and more again when it has recovered', async () => {
    const { clock, store, destination } = createDestinationRig({ backlog: 5_000 });
    store.tookMs = 3_000;
    await clock.advance(9_500);
    expect(destination.status().backfill.size.rows).toBeLessThan(50);

    store.tookMs = TOOK_MS;
    await clock.advance(10_000);

    expect(store.stored.size).toBe(5_000);
    expect(destination.status().backfill.size.rows).toBeGreaterThan(500);
  });

  test('survives a 413: half as much, until it fits, and nothing is buried', async () => {
    const { clock, store, outbox } = createDestinationRig({ backlog: 1_000 });
    store.behave = (seqs) =>
      seqs.length > 30 ? { kind: 'refused', code: 'BIG', message: 'too large', tooLarge: true } : undefined;

    await clock.advance(60_000);

    expect(store.stored.size).toBe(1_000);
    expect(outbox().deadLetters(10)).toEqual([]);
  });

  test('loses nothing and sends nothing twice across a stop in the middle', async () => {
    const { clock, store, restart } = createDestinationRig({ backlog: 10_000 });
    await clock.advance(190);

    await restart();
    await clock.advance(10_000);

    expect(store.stored.size).toBe(10_000);
    const arrivals = store.sent.flatMap(({ seqs }) => seqs).length;
    expect(arrivals).toBeLessThanOrEqual(11_000); // The batch in flight at the stop came again.
  });
});

describe('one bad reading', () => {
  const refuses =
    (bad: number): Behaviour =>
    (seqs) =>
      seqs.includes(bad)
        ? { kind: 'refused', code: 'BAD', message: `seq ${bad}`, tooLarge: false }
        : undefined;

  test('among 1000 refused whole is buried after at most 12 requests, and the 999 arrive in the same drain', async () => {
    const { clock, store, outbox, recorder } = createDestinationRig({ backlog: 1_000 });
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
    const { clock, store, outbox, round } = createDestinationRig();
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
    const { clock, store, outbox, destination, round } = createDestinationRig();
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
    const { clock, store, destination, round } = createDestinationRig();
    store.behave = () => ({ kind: 'stored', answer: { stored: [[1, 4]], duplicate: [], refused: [] } });
    round();
    await clock.advance(TOOK_MS);
    expect(destination.status().backlog.rows).toBe(1);

    store.behave = () => undefined;
    await clock.advance(6_000);

    expect([...store.stored.keys()]).toEqual([5]);
  });

  test('everything refused one by one slows down to a burial a minute: then it is not the readings', async () => {
    const { clock, store, outbox } = createDestinationRig({ backlog: 500 });
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
    const { clock, store, outbox } = createDestinationRig({ backlog: 1_000 });
    // In the first half every time: nothing is stored between the failures of the search.
    store.behave = poisonedBy(1);

    await clock.advance(120_000);

    expect(store.stored.size).toBe(999);
    expect(outbox().deadLetters(10)).toEqual([]);
  });

  test('is buried once it has failed alone five times while others passed', async () => {
    const { clock, store, outbox, round } = createDestinationRig({ backlog: 1_000 });
    store.behave = poisonedBy(500);

    for (let i = 0; i < 60; i += 1) {
      round();
      await clock.advance(10_000);
    }

    expect(outbox().deadLetters(10)).toMatchObject([{ seq: 500, code: 'SERVER_ERROR' }]);
    expect(store.stored.size).toBe(999 + 300);
  });

  test('twin: in an outage of nothing but 500 no reading is ever buried, and all arrive afterwards', async () => {
    const { clock, store, outbox, round } = createDestinationRig({ backlog: 1_000 });
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

describe('a reading that is refused for now', () => {
  test('waits a minute out of the way of the others, is never buried, and is stored when its time has come', async () => {
    const { clock, store, outbox, destination } = createDestinationRig({ backlog: 1_000 });
    let early = true;
    store.behave = (seqs) => {
      if (!early || !seqs.includes(500)) return undefined;
      const others = seqs.filter((seq) => seq !== 500);
      for (const seq of others) store.stored.set(seq, 1);
      const refused = [{ seq: 500, code: 'future', message: 'the reading is from tomorrow' }];
      const stored = others.map((seq): [number, number] => [seq, seq]);
      return { kind: 'stored', answer: { stored, duplicate: [], refused } };
    };

    await clock.advance(50_000);
    const meanwhile = { attempts: attemptsOf(store, 500), backlog: destination.status().backlog.rows };
    early = false;
    await clock.advance(120_000);

    expect(meanwhile).toEqual({ attempts: 1, backlog: 1 });
    expect(outbox().deadLetters(10)).toEqual([]);
    expect(destination.status().backlog.rows).toBe(0);
  });

  test('is tried again each minute although others are put off with every round', async () => {
    const { clock, store, round } = createDestinationRig({ backlog: 0 });
    store.behave = (seqs) => {
      const refused = seqs.map((seq) => ({ seq, code: 'future', message: 'the reading is from tomorrow' }));
      return { kind: 'stored', answer: { stored: [], duplicate: [], refused } };
    };

    for (let i = 0; i < 60; i += 1) {
      round();
      await clock.advance(10_000);
    }

    expect(attemptsOf(store, 1)).toBeGreaterThanOrEqual(8);
    expect(attemptsOf(store, 1)).toBeLessThanOrEqual(11);
  });

  test('is not counted as drained when the whole backlog is', async () => {
    const { clock, recorder, store } = createDestinationRig({ backlog: 100 });
    store.behave = (seqs) => {
      const refused = seqs.map((seq) => ({ seq, code: 'future', message: 'the reading is from tomorrow' }));
      return { kind: 'stored', answer: { stored: [], duplicate: [], refused } };
    };

    await clock.advance(120_000);
    store.behave = () => undefined;
    const meanwhile = recorder.of('backlog.drained');
    await clock.advance(120_000);

    expect(meanwhile).toEqual([]);
    expect(recorder.of('backlog.drained').map(({ rows }) => rows)).toEqual([100]);
  });
});

function attemptsOf(store: { sent: { seqs: number[] }[] }, seq: number): number {
  return store.sent.filter(({ seqs }) => seqs.includes(seq)).length;
}

test('the batch made ahead is not sent as it was when the one before it failed', async () => {
  const { clock, store } = createDestinationRig({ backlog: 3_000 });
  await clock.advance(3 * TOOK_MS);
  const inFlight = store.sent.length - 1;
  store.behave = () => ({ kind: 'refused', code: 'BIG', message: 'too large', tooLarge: true });
  await clock.advance(TOOK_MS);

  store.behave = () => undefined;
  await clock.advance(60_000);

  const [failed, next] = store.sent.slice(inFlight);
  expect(next?.seqs[0]).toBe(failed?.seqs[0]);
  expect(next?.seqs.length).toBeLessThan(failed?.seqs.length ?? 0);
  expect(store.stored.size).toBe(3_000);
});

describe('the ledger', () => {
  test('is told to the destination, in a request without readings', async () => {
    const { clock, store, round, outbox } = createDestinationRig();
    round(5);
    outbox().declareGone([[2, 3]], 'shed');

    await clock.advance(60_000);

    expect([...store.stored.keys()]).toEqual([1, 4, 5]);
    expect(store.sent.filter(({ seqs }) => seqs.length === 0)).toHaveLength(1);
    expect(outbox().goneBatch('local')).toBeUndefined();
  });

  test('that a store will not hear costs no reading, and is told again later', async () => {
    const { clock, store, round, outbox } = createDestinationRig();
    store.behave = (seqs) =>
      seqs.length === 0
        ? { kind: 'refused', code: 'OLD', message: 'what is gone?', tooLarge: false }
        : undefined;
    round(5);
    outbox().declareGone([[2, 3]], 'shed');
    for (let minute = 0; minute < 5; minute += 1) {
      round(5);
      await clock.advance(60_000);
    }

    expect(store.stored.size).toBe(28);
    expect(outbox().deadLetters(10)).toEqual([]);
    const asked = store.sent.filter(({ seqs }) => seqs.length === 0).length;
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(asked).toBeLessThanOrEqual(6);

    store.behave = () => undefined;
    await clock.advance(130_000);
    expect(outbox().goneBatch('local')).toBeUndefined();
  });
});

test('an outbox whose damage is met by the answer and by the batch after it ends the turn once', async () => {
  const unheard: unknown[] = [];
  const onUnheard = (error: unknown) => unheard.push(error);
  process.on('unhandledRejection', onUnheard);
  onTestFinished(() => void process.off('unhandledRejection', onUnheard));
  const clock = createVirtualClock();
  const damaged = new GatewayError('SGW_OUTBOX_DAMAGED', 'met twice');
  const picked: OutgoingBatch[] = [
    { stream: 's', seqs: [[1, 2]], rows: 2, body: '', oldestAt: 0, newestAt: 0 },
  ];
  const lane = createBackfillLane(
    {
      name: 'local',
      clock,
      observe() {},
      closed: () => true,
      onRested() {},
      live: { wants: () => false, cursor: () => 0 },
      outbox: {
        goneBatch: () => undefined,
        correctionBatch: () => undefined,
        flush() {},
        batch() {
          const batch = picked.shift();
          if (batch === undefined) throw damaged;
          return batch;
        },
      } as Partial<Outbox> as Outbox,
      delivery: {
        dueMono: () => 0,
        failedMono: () => undefined,
        inFlight: () => NO_SEQS,
        putOff: () => NO_SEQS,
        counters: () => ({ batches: 0, stored: 0, duplicate: 0, buried: 0, failures: 0 }),
        async send() {
          await clock.sleep('answer', TOOK_MS);
          throw damaged;
        },
      } as Partial<Delivery> as Delivery,
    } satisfies BackfillLaneDeps,
    { order: 'oldest', drainShare: 1, latencyTargetMs: 1_000 },
  );

  const turn = lane.turn(new AbortController().signal).catch((error: unknown) => error);
  await clock.advance(2 * TOOK_MS);
  // A rejection that nobody hears is told of behind all that waits for this turn of the loop.
  await new Promise(setImmediate);

  expect(await turn).toBe(damaged);
  expect(unheard).toEqual([]);
});
