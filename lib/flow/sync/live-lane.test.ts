import { describe, expect, test } from 'vitest';
import { createDestinationRig, DOWN, TOOK_MS } from '../../../test/support/destination-rig.ts';
import { settle } from '../../../test/support/virtual-clock.ts';

describe('a fresh round', () => {
  test('is delivered at once, and nothing else is sent', async () => {
    const { clock, store, destination, round } = createDestinationRig();
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
    const { clock, store, round } = createDestinationRig({ backlog: 20_000 });
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
    const { clock, store, round } = createDestinationRig();
    store.behave = () => DOWN;
    const first = round();
    await clock.advance(TOOK_MS);
    store.behave = () => undefined;

    await clock.advance(10_000);

    expect(store.sent.map(({ seqs }) => seqs)).toEqual([first, first]);
    expect(store.sent[1]?.atMono).toBeGreaterThanOrEqual(5_000);
  });

  test('of several rounds that queued up, the newest goes first', async () => {
    const { clock, store, destination, round } = createDestinationRig();
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
