/**
 * What every store must do with thinned readings and with corrected clocks: no reading is counted twice or lost,
 * in whatever forms and order the readings of an outage arrive.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchRow, Correction, ThinnedTuple } from '../../lib/flow/batch.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import { countOf } from '../../lib/flow/seq-ranges.ts';
import type {
  IncomingBatch,
  IngestAnswer,
  ReadingsStore,
  StoredReading,
} from '../../lib/flow/write-api/readings-store.ts';
import type { StoreHarness } from './readings-store.contract.ts';

const RAW = 'rawreadings';
const MINUTES = 'minutemeans';
const TENS = 'tenminutemeans';
/** Where the tiers of an outbox begin to count. */
const MINUTES_FROM = 2 ** 51 + 1;
const TENS_FROM = 2 ** 52 + 1;

const SERIES = ['temperature', 'humidity'].map((metric) => ({
  gateway: 'attic',
  sensor: 'roof',
  metric,
  unit: 'unit',
}));
const AT = Date.UTC(2026, 0, 15, 16, 0, 0);

/** What `seq` always is: two series in turn, a round every 10 s, no two values alike. */
const seriesOf = (seq: number) => seq % SERIES.length;
const atOf = (seq: number) => AT + Math.floor(seq / SERIES.length) * 10_000;
const measured = (seq: number) => 20 + ((seq * 37) % 101) / 8;
const rawRow = (seq: number): BatchRow => [seq, seriesOf(seq), atOf(seq), measured(seq)];

function between(lo: number, hi: number, series: number): number[] {
  return Array.from({ length: hi - lo + 1 }, (_, i) => lo + i).filter((seq) => seriesOf(seq) === series);
}

/** What an outbox makes of the readings of one series in these seqs. */
function thin(seq: number, of: readonly number[]): BatchRow {
  const [lo = 0] = of;
  const hi = of.at(-1) ?? 0;
  const values = of.map(measured);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const detail: ThinnedTuple = [
    of.length,
    Math.min(...values),
    Math.max(...values),
    measured(lo),
    measured(hi),
    atOf(hi) - atOf(lo),
    0,
    lo,
    hi,
  ];
  return [seq, seriesOf(lo), atOf(lo), mean, FLAG.thinned, detail];
}

function batch(stream: string, rows: readonly BatchRow[], more: Partial<IncomingBatch> = {}): IncomingBatch {
  return {
    stream,
    gateway: 'attic',
    series: SERIES,
    rows: [...rows].sort((a, b) => a[0] - b[0]),
    refused: [],
    gone: [],
    sources: [RAW],
    corrections: [],
    ...more,
  };
}

/** One thing that a reader may send: which readings are then in the store, once. */
interface Shipment {
  readonly batch: IncomingBatch;
  readonly stands: readonly number[];
}

/** All that may ever be sent of `size` readings, cut into stretches and those into longer ones. */
function shipments(size: number, cuts: readonly number[], perTen: number, rawCuts: readonly number[]) {
  const stretches = (at: readonly number[]) => {
    const edges = [...new Set([0, ...at.filter((cut) => cut < size), size])].sort((a, b) => a - b);
    return edges.slice(1).map((hi, i) => [(edges[i] ?? 0) + 1, hi] as const);
  };
  const all: Shipment[] = stretches(rawCuts).map(([lo, hi]) => {
    const seqs = [...between(lo, hi, 0), ...between(lo, hi, 1)];
    return { batch: batch(RAW, seqs.map(rawRow)), stands: seqs };
  });
  for (const series of SERIES.keys()) {
    const minutes = stretches(cuts)
      .map(([lo, hi]) => between(lo, hi, series))
      .filter((seqs) => seqs.length > 0);
    for (const [i, stands] of minutes.entries()) {
      const seq = MINUTES_FROM + i * SERIES.length + series;
      all.push({ batch: batch(MINUTES, [thin(seq, stands)]), stands });
    }
    for (let i = 0; i < minutes.length; i += perTen) {
      const stands = minutes.slice(i, i + perTen).flat();
      all.push({ batch: batch(TENS, [thin(TENS_FROM + i * SERIES.length + series, stands)]), stands });
    }
  }
  return all;
}

async function ingest(store: ReadingsStore, ...batches: IncomingBatch[]): Promise<IngestAnswer> {
  const [answer] = await store.ingest(batches);
  return answer ?? expect.fail('no answer');
}

export function thinnedReadingsContract(name: string, createHarness: () => StoreHarness): void {
  async function withStore(
    work: (store: ReadingsStore, all: () => Promise<StoredReading[]>) => Promise<void>,
  ): Promise<void> {
    const harness = createHarness();
    const store = await harness.open();
    const reader = await harness.openReader();
    const all = async () => {
      const found: StoredReading[] = [];
      for await (const reading of reader.readings({ sinceAt: 0 })) found.push(reading);
      return found;
    };
    try {
      await work(store, all);
    } finally {
      await reader.close();
      await store.close();
      await harness.dispose();
    }
  }

  describe(`${name} with thinned readings`, () => {
    it('gives back what a thinned reading stands for, under seqs that no outbox would reach by counting', () =>
      withStore(async (store, all) => {
        const row = thin(TENS_FROM, between(1, 12, 0));

        const answer = await ingest(store, batch(TENS, [row]));

        expect(answer.stored).toEqual([[TENS_FROM, TENS_FROM]]);
        const [, , at, value, , [count, min, max, first, last, spanMs] = []] = row;
        expect(await all()).toEqual([
          {
            ...SERIES[0],
            at,
            value,
            flags: FLAG.thinned,
            stream: TENS,
            seq: TENS_FROM,
            thinned: { count, min, max, first, last, spanMs, source: RAW, lo: 2, hi: 12 },
          },
        ]);
      }));

    it('counts every reading once, in whatever forms and order the readings of an outage arrive', {
      timeout: 90_000,
    }, async () => {
      const size = 48;
      const cuts = fc.uniqueArray(fc.integer({ min: 1, max: size - 1 }), { maxLength: 9 });
      const story = fc.record({ cuts, perTen: fc.integer({ min: 2, max: 4 }), rawCuts: cuts }).chain((form) =>
        fc.record({
          form: fc.constant(form),
          sent: fc.array(fc.nat({ max: shipments(size, form.cuts, form.perTen, form.rawCuts).length - 1 }), {
            minLength: 6,
            maxLength: 24,
          }),
          together: fc.integer({ min: 1, max: 3 }),
        }),
      );
      let overlaps = 0;
      await fc.assert(
        fc.asyncProperty(story, ({ form, sent, together }) =>
          withStore(async (store, all) => {
            const possible = shipments(size, form.cuts, form.perTen, form.rawCuts);
            const accepted = new Set<number>();
            for (let i = 0; i < sent.length; i += together) {
              const group = sent.slice(i, i + together).flatMap((index) => possible[index] ?? []);
              const answers = await store.ingest(group.map((one) => one.batch));
              for (const [index, { stored, duplicate }] of answers.entries()) {
                const { batch: of, stands } = group[index] ?? expect.fail('an answer too many');
                // Every seq in exactly one part of the answer, and nothing new called new that is not.
                expect(countOf(stored) + countOf(duplicate)).toBe(of.rows.length);
                const fresh = stands.filter((seq) => !accepted.has(seq)).length;
                if (of.stream === RAW) expect(countOf(stored)).toBe(fresh);
                else expect(countOf(stored)).toBe(fresh > 0 ? 1 : 0);
                if (fresh > 0 && fresh < stands.length && of.stream !== RAW) overlaps += 1;
                for (const seq of stands) accepted.add(seq);
              }
            }

            const found = await all();

            for (const series of SERIES.keys()) {
              const mine = [...accepted].filter((seq) => seriesOf(seq) === series);
              const held = found.filter((one) => one.metric === SERIES[series]?.metric);
              const count = held.reduce((sum, one) => sum + (one.thinned?.count ?? 1), 0);
              const total = held.reduce((sum, one) => sum + (one.thinned?.count ?? 1) * one.value, 0);
              expect(count).toBe(mine.length);
              expect(total).toBeCloseTo(
                mine.reduce((sum, seq) => sum + measured(seq), 0),
                6,
              );
            }
          }),
        ),
        { numRuns: 40 },
      );
      // Worth something only if the rest of a thinned reading had to be made out often enough.
      expect(overlaps).toBeGreaterThan(10);
    });

    it('takes a plain reading that came late for stored when a thinned one stands for it, and no other', () =>
      withStore(async (store, all) => {
        await ingest(store, batch(MINUTES, [thin(MINUTES_FROM, between(1, 12, 0))]));

        const answer = await ingest(store, batch(RAW, [3, 4, 14].map(rawRow)));

        expect(answer).toMatchObject({
          stored: [
            [3, 3],
            [14, 14],
          ],
          duplicate: [[4, 4]],
        });
        expect((await all()).map((one) => one.seq)).toEqual([MINUTES_FROM, 3, 14]);
        expect((await store.stream(RAW)).received).toEqual([
          [3, 4],
          [14, 14],
        ]);
      }));

    it('is not carried past the readings by rounding or by values too large to add up', () =>
      withStore(async (store, all) => {
        const huge = 1.7e308;
        const rows = [2, 4].map((seq): BatchRow => [seq, 0, atOf(seq), seq === 2 ? huge : -huge]);
        await ingest(store, batch(RAW, rows.slice(0, 1)));

        await ingest(
          store,
          batch(MINUTES, [
            [MINUTES_FROM, 0, atOf(2), 0, FLAG.thinned, [2, -huge, huge, huge, -huge, 10_000, 0, 2, 4]],
          ]),
        );

        const [, rest] = (await all()).toSorted((a, b) => a.seq - b.seq);
        expect(rest?.thinned?.count).toBe(1);
        expect(rest?.value).toBeGreaterThanOrEqual(-huge);
        expect(rest?.value).toBeLessThanOrEqual(huge);
      }));

    it('tells a stream of thinned readings in parts, like any other', () =>
      withStore(async (store) => {
        for (let part = 0; part < 3; part += 1) {
          const rows = Array.from({ length: 500 }, (_, i) => {
            const n = part * 500 + i;
            return thin(TENS_FROM + n * 2, between(n * 12 + 1, n * 12 + 12, 0));
          });
          await ingest(store, batch(TENS, rows));
        }

        const first = await store.stream(TENS);
        const rest = await store.stream(TENS, first.next);

        expect(first.received).toHaveLength(1_000);
        expect(first.received[0]).toEqual([TENS_FROM, TENS_FROM]);
        expect(first.next).toBe(TENS_FROM + 1_999);
        expect(rest.received).toHaveLength(500);
        expect(rest).not.toHaveProperty('next');
        expect(rest.highest).toBe(TENS_FROM + 2_998);
      }));
  });

  describe(`${name} with a corrected clock`, () => {
    const untrusted = (seq: number, at: number): BatchRow => [
      seq,
      seriesOf(seq),
      at,
      measured(seq),
      FLAG.clockUntrusted,
    ];
    const OFFSET = AT - 60_000;
    const correction = (lo: number, hi: number): Correction => [lo, hi, OFFSET, 0, 3_600_000];
    const times = (found: readonly StoredReading[]) =>
      found.map(({ seq, at, flags }) => [seq, at, flags]).sort((a, b) => Number(a[0]) - Number(b[0]));

    it('moves the readings that were sent with an untrusted time, clears their flag, and does it once', () =>
      withStore(async (store, all) => {
        await ingest(store, batch(RAW, [untrusted(1, 5_000), untrusted(2, 5_000), untrusted(9, 6_000)]));
        await ingest(store, batch(RAW, [[3, 1, 5_000, 1]]));
        await ingest(store, batch('anotherstream', [untrusted(1, 5_000)]));

        await ingest(store, batch(RAW, [], { corrections: [correction(1, 3)] }));
        await ingest(store, batch(RAW, [], { corrections: [correction(1, 3)] }));

        const found = await all();
        expect(times(found.filter((one) => one.stream === RAW))).toEqual([
          [1, 5_000 + OFFSET, 0],
          [2, 5_000 + OFFSET, 0],
          [3, 5_000, 0],
          [9, 6_000, FLAG.clockUntrusted],
        ]);
        expect(times(found.filter((one) => one.stream !== RAW))).toEqual([[1, 5_000, FLAG.clockUntrusted]]);
      }));

    it('moves a thinned reading without changing what it spans', () =>
      withStore(async (store, all) => {
        const [seq, series, , mean, , detail] = thin(MINUTES_FROM, between(1, 12, 0));
        const flags = FLAG.thinned | FLAG.clockUntrusted;
        await ingest(store, batch(MINUTES, [[seq, series, 5_000, mean, flags, detail as ThinnedTuple]]));

        await ingest(store, batch(MINUTES, [], { corrections: [correction(seq, seq)] }));

        expect(await all()).toMatchObject([
          { at: 5_000 + OFFSET, flags: FLAG.thinned, thinned: { count: 6, spanMs: detail?.[5] } },
        ]);
      }));

    it('mends a reading that was on its way while its correction was told', () =>
      withStore(async (store, all) => {
        await ingest(store, batch(RAW, [], { corrections: [correction(1, 9)] }));

        await ingest(store, batch(RAW, [untrusted(1, 5_000), untrusted(10, 5_000)]));

        expect(times(await all())).toEqual([
          [1, 5_000 + OFFSET, 0],
          [10, 5_000, FLAG.clockUntrusted],
        ]);
      }));

    it('recognises readings in a thinned one although their times were corrected in between', () =>
      withStore(async (store, all) => {
        const seqs = between(1, 12, 0);
        // Stored, but the answer was lost: the reader mends their times, and thins them with the others.
        await ingest(
          store,
          batch(
            RAW,
            seqs.slice(0, 2).map((seq) => untrusted(seq, atOf(seq) - OFFSET)),
          ),
        );

        await ingest(store, batch(RAW, [], { corrections: [correction(1, 12)] }));
        await ingest(store, batch(MINUTES, [thin(MINUTES_FROM, seqs)]));

        const found = await all();
        expect(found.map((one) => one.thinned?.count ?? 1)).toEqual([1, 4, 1]);
      }));

    it('moves what a whole boot has sent, a part with each request, and answers for the others meanwhile', () =>
      withStore(async (store, all) => {
        const rows = Array.from({ length: 9_000 }, (_, i) => untrusted(i + 1, 1_000 + i * 100));
        for (let i = 0; i < rows.length; i += 3_000) {
          await ingest(store, batch(RAW, rows.slice(i, i + 3_000)));
        }
        await ingest(store, batch(RAW, [], { corrections: [correction(1, 9_000)] }));
        const left = async () => (await all()).filter((one) => one.flags !== 0).length;
        const afterTheFirst = await left();

        let requests = 1;
        for (let seq = 10_000; (await left()) > 0; seq += 1) {
          await ingest(store, batch(RAW, [rawRow(seq)]));
          requests += 1;
        }

        expect(afterTheFirst).toBeGreaterThan(0);
        expect(requests).toBeLessThan(10);
        const found = (await all()).filter((one) => one.seq <= 9_000);
        expect(found).toHaveLength(9_000);
        expect(found.every((one) => one.at === 1_000 + (one.seq - 1) * 100 + OFFSET)).toBe(true);
      }));
  });
}
