/**
 * What every store must do, whatever it is made of. Each adapter's test calls this with a way to open
 * the same storage again and again: restarts and second connections are part of the contract.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchRow } from '../../lib/flow/batch.ts';
import type { GoneCause } from '../../lib/flow/reading.ts';
import { contains, countOf, normalized, rangesOfSeqs, seqsOf } from '../../lib/flow/seq-ranges.ts';
import type {
  IncomingBatch,
  IngestAnswer,
  ReadingsFilter,
  ReadingsReader,
  ReadingsStore,
  StoredReading,
} from '../../lib/flow/write-api/readings-store.ts';

export interface StoreHarness {
  /** The same storage each time. Several may be open at once. */
  open(): Promise<ReadingsStore>;
  openReader(): Promise<ReadingsReader>;
  dispose(): Promise<void>;
}

const STREAM = 'contractstream';
const SERIES = [
  { gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' },
  { gateway: 'attic', sensor: 'roof', metric: 'humidity', unit: 'percent' },
];
const AT = Date.UTC(2026, 0, 15, 16, 9, 35);

/** The reading that `seq` always is: a store that mixes rows up is found out. */
const rowOf = (seq: number): BatchRow => [seq, seq % SERIES.length, AT + seq * 1_000, seq / 8];

function batch(seqs: Iterable<number>, more: Partial<IncomingBatch> = {}): IncomingBatch {
  const sorted = [...new Set(seqs)].sort((a, b) => a - b);
  return {
    stream: STREAM,
    gateway: 'attic',
    series: SERIES,
    rows: sorted.map(rowOf),
    refused: [],
    gone: [],
    sources: [],
    corrections: [],
    ...more,
  };
}

async function ingest(store: ReadingsStore, ...batches: IncomingBatch[]): Promise<IngestAnswer> {
  const [answer] = await store.ingest(batches);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

async function allOf(
  reader: ReadingsReader,
  filter: ReadingsFilter = { sinceAt: 0 },
): Promise<StoredReading[]> {
  const found: StoredReading[] = [];
  for await (const reading of reader.readings(filter)) found.push(reading);
  return found;
}

export function readingsStoreContract(name: string, createHarness: () => StoreHarness): void {
  async function withStore(
    work: (store: ReadingsStore, reader: ReadingsReader, harness: StoreHarness) => Promise<void>,
  ): Promise<void> {
    const harness = createHarness();
    const store = await harness.open();
    const reader = await harness.openReader();
    try {
      await work(store, reader, harness);
    } finally {
      await reader.close();
      await store.close();
      await harness.dispose();
    }
  }

  describe(`${name} as a readings store`, () => {
    it('stores a batch once and calls it a duplicate when it comes again', () =>
      withStore(async (store, reader) => {
        const first = await ingest(store, batch([1, 2, 3]));
        const second = await ingest(store, batch([1, 2, 3]));

        expect(first).toEqual({ stream: STREAM, stored: [[1, 3]], duplicate: [], refused: [] });
        expect(second).toEqual({ stream: STREAM, stored: [], duplicate: [[1, 3]], refused: [] });
        expect((await allOf(reader)).map((one) => one.seq)).toEqual([1, 2, 3]);
      }));

    it('gives back exactly what it was given', () =>
      withStore(async (store, reader) => {
        const extremes = [5e-324, -1.7976931348623157e308, 0.1, -273.15, Number.MAX_SAFE_INTEGER];
        const rows = extremes.map((value, i): BatchRow => [i + 1, 0, AT + i, value, i === 2 ? 255 : 0]);

        await ingest(store, batch([], { rows }));

        expect(await allOf(reader)).toEqual(
          rows.map(([seq, , at, value, flags]) => ({ ...SERIES[0], at, value, flags, stream: STREAM, seq })),
        );
      }));

    it('stores only the new part of a batch that overlaps what it has', () =>
      withStore(async (store) => {
        await ingest(store, batch([1, 2, 5, 6]));

        const answer = await ingest(store, batch([2, 3, 4, 5, 8]));

        expect(answer).toMatchObject({
          stored: [
            [3, 4],
            [8, 8],
          ],
          duplicate: [
            [2, 2],
            [5, 5],
          ],
        });
        expect((await store.stream(STREAM)).received).toEqual([
          [1, 6],
          [8, 8],
        ]);
      }));

    it('stores each reading exactly once under any order, overlap and repetition of batches', async () => {
      const batches = fc.array(
        fc.oneof(
          fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }),
          // A whole stretch, as a reader sends.
          fc
            .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 25 }))
            .map(([lo, length]) => Array.from({ length }, (_, i) => lo + i)),
        ),
        { maxLength: 12 },
      );
      await fc.assert(
        fc.asyncProperty(batches, fc.integer({ min: 1, max: 4 }), (sent, together) =>
          withStore(async (store, reader) => {
            const model = new Set<number>();
            for (let i = 0; i < sent.length; i += together) {
              const group = sent.slice(i, i + together);
              const answers = await store.ingest(group.map((seqs) => batch(seqs)));
              for (const [index, answer] of answers.entries()) {
                const seqs = group[index] ?? [];
                const fresh = seqs.filter((seq) => !model.has(seq));
                expect(answer.stored).toEqual(rangesOfSeqs(fresh));
                expect(answer.duplicate).toEqual(rangesOfSeqs(seqs.filter((seq) => model.has(seq))));
                for (const seq of seqs) model.add(seq);
              }
              expect((await store.stream(STREAM)).received).toEqual(rangesOfSeqs(model));
            }
            const found = await allOf(reader);
            expect(found.map((one) => one.seq)).toEqual([...model].sort((a, b) => a - b));
            expect(found.every((one) => one.value === one.seq / 8)).toBe(true);
          }),
        ),
        { numRuns: 60 },
      );
    });

    it('remembers what it has received across a restart', () =>
      withStore(async (store, _reader, harness) => {
        await ingest(store, batch([1, 2, 3]));
        await store.close();
        const again = await harness.open();

        const answer = await ingest(again, batch([2, 3, 4]));

        expect(answer).toMatchObject({ stored: [[4, 4]], duplicate: [[2, 3]] });
        expect(again.ownStream).toBe(store.ownStream);
        await again.close();
      }));

    it('stores a reading once when two copies are sent the same batch', () =>
      withStore(async (store, reader, harness) => {
        const other = await harness.open();

        const [one, two] = await Promise.all([
          ingest(store, batch([1, 2, 3, 4])),
          ingest(other, batch([3, 4, 5, 6])),
        ]);
        const three = await ingest(store, batch([5, 6, 7]));

        expect(countOf(one.stored) + countOf(two.stored)).toBe(6);
        expect(three).toMatchObject({ stored: [[7, 7]], duplicate: [[5, 6]] });
        expect((await allOf(reader)).map((found) => found.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
        await other.close();
      }));

    it('keeps streams apart', () =>
      withStore(async (store, reader) => {
        await ingest(store, batch([1, 2]));

        const answer = await ingest(store, batch([1, 2], { stream: 'anotherstream' }));

        expect(answer.stored).toEqual([[1, 2]]);
        expect(await allOf(reader)).toHaveLength(4);
      }));

    it('gives readings without a stream seqs of its own, one after the other', () =>
      withStore(async (store) => {
        const first = await ingest(store, batch([1, 2], { stream: undefined }));
        const second = await ingest(store, batch([1, 2, 3], { stream: undefined }));

        expect(first).toMatchObject({ stream: store.ownStream, stored: [[1, 2]] });
        expect(second).toMatchObject({ stream: store.ownStream, stored: [[3, 5]], duplicate: [] });
      }));

    it('does not take a refused reading for received, and calls it a duplicate if it has it', () =>
      withStore(async (store) => {
        const refusal = (seq: number) => ({ seq, code: 'future', message: 'too early' });
        await ingest(store, batch([1]));

        const answer = await ingest(store, batch([2], { refused: [refusal(1), refusal(3)] }));
        const redriven = await ingest(store, batch([3]));

        expect(answer).toMatchObject({ stored: [[2, 2]], duplicate: [[1, 1]], refused: [{ seq: 3 }] });
        expect(redriven.stored).toEqual([[3, 3]]);
      }));

    it('stores all batches of a call or none', () =>
      withStore(async (store, reader) => {
        // A NaN cannot pass the checks in front; a store that met one must not keep half a group.
        const broken = batch([], { rows: [[3, 0, AT, Number.NaN]] });

        await expect(store.ingest([batch([1, 2]), broken])).rejects.toThrow();

        expect(await allOf(reader)).toEqual([]);
        expect((await store.stream(STREAM)).received).toEqual([]);
        expect(await ingest(store, batch([1, 2]))).toMatchObject({ stored: [[1, 2]] });
        expect(await allOf(reader)).toHaveLength(2);
      }));

    it('knows nothing of a stream that nobody has sent', () =>
      withStore(async (store) => {
        expect(await store.stream('neverheardof')).toEqual({
          stream: 'neverheardof',
          gateway: null,
          received: [],
          gone: [],
        });
      }));

    it('keeps what was declared gone, except what came after all', () =>
      withStore(async (store) => {
        await ingest(
          store,
          batch([1, 2], {
            gone: [
              [3, 9, 'shed'],
              [8, 12, 'buried'],
            ],
          }),
        );
        await ingest(store, batch([5]));

        const answer = await store.stream(STREAM);

        expect(answer).toMatchObject({
          gateway: 'attic',
          received: [
            [1, 2],
            [5, 5],
          ],
          highest: 5,
        });
        expect(answer.gone).toEqual([
          [3, 4, 'shed'],
          [6, 9, 'shed'],
          [10, 12, 'buried'],
        ]);
      }));

    it('accounts for each seq at most once under any declarations', async () => {
      const declaration = fc.tuple(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 15 }),
        fc.constantFrom<GoneCause>('shed', 'thinned', 'buried', 'corrupt', 'rolled_back', 'deleted'),
      );
      const step = fc.record({
        seqs: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }),
        gone: fc.array(declaration, { maxLength: 4 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 6 }), (steps) =>
          withStore(async (store) => {
            const received = new Set<number>();
            const declared = new Set<number>();
            for (const { seqs, gone } of steps) {
              const ranges = gone.map(([lo, length, cause]) => [lo, lo + length, cause] as const);
              await ingest(store, batch(seqs, { gone: ranges }));
              for (const seq of seqs) received.add(seq);
              for (const seq of seqsOf(normalized(ranges.map(([lo, hi]) => [lo, hi])))) declared.add(seq);
            }

            const answer = await store.stream(STREAM);

            const told = answer.gone.flatMap(([lo, hi]) => [...seqsOf([[lo, hi]])]);
            expect(answer.received).toEqual(rangesOfSeqs(received));
            expect(new Set(told).size).toBe(told.length);
            expect(rangesOfSeqs(told)).toEqual(
              rangesOfSeqs([...declared].filter((seq) => !received.has(seq))),
            );
          }),
        ),
        { numRuns: 40 },
      );
    });

    it('tells a torn stream in bounded parts that add up to the whole', () =>
      withStore(async (store) => {
        for (let part = 0; part < 5; part += 1) {
          const seqs = Array.from({ length: 500 }, (_, i) => (part * 500 + i) * 2 + 1);
          await ingest(store, batch(seqs, { gone: [[6_000 + part * 2, 6_000 + part * 2, 'shed']] }));
        }

        const received: [number, number][] = [];
        const gone: unknown[] = [];
        let parts = 0;
        for (let from: number | undefined = 1; from !== undefined; parts += 1) {
          const answer = await store.stream(STREAM, from);
          expect(answer.received.length).toBeLessThanOrEqual(1_000);
          expect(answer.highest).toBe(4_999);
          received.push(...answer.received);
          gone.push(...answer.gone);
          from = answer.next;
        }

        expect(parts).toBe(3);
        expect(received).toEqual(Array.from({ length: 2_500 }, (_, i) => [i * 2 + 1, i * 2 + 1]));
        expect(gone).toHaveLength(5);
      }));

    it('begins the first range of a part where it was asked to', () =>
      withStore(async (store) => {
        await ingest(store, batch([1, 2, 3, 4, 5, 9]));

        expect((await store.stream(STREAM, 3)).received).toEqual([
          [3, 5],
          [9, 9],
        ]);
        expect((await store.stream(STREAM, 6)).received).toEqual([[9, 9]]);
      }));

    it('reads back in the order of time whatever the order of arrival, filtered and limited', () =>
      withStore(async (store, reader) => {
        await ingest(store, batch([7, 8, 9]));
        await ingest(store, batch([1, 2, 3, 4]));

        const seqs = async (filter: ReadingsFilter) => (await allOf(reader, filter)).map((one) => one.seq);

        expect(await seqs({ sinceAt: 0 })).toEqual([1, 2, 3, 4, 7, 8, 9]);
        expect(await seqs({ sinceAt: AT + 3_000, untilAt: AT + 7_000 })).toEqual([3, 4, 7]);
        expect(await seqs({ sinceAt: 0, metric: 'humidity' })).toEqual([1, 3, 7, 9]);
        expect(await seqs({ sinceAt: 0, sensor: 'roof', gateway: 'attic', limit: 2 })).toEqual([1, 2]);
        expect(await seqs({ sinceAt: 0, sensor: 'cellar' })).toEqual([]);
      }));

    it('reads many series of very different pace in one order without losing or repeating a reading', () =>
      withStore(async (store, reader) => {
        const series = Array.from({ length: 60 }, (_, i) => ({
          ...SERIES[0],
          sensor: `s${i}`,
        })) as typeof SERIES;
        const rows: BatchRow[] = [];
        for (let seq = 1; seq <= 6_000; seq += 1) {
          // Series 0 has most of the readings, many of them at the same moment.
          rows.push([seq, seq % 4 === 0 ? seq % 60 : 0, AT + Math.floor(seq / 40) * 10, seq / 8]);
        }
        for (let i = 0; i < rows.length; i += 1_000) {
          await ingest(store, batch([], { series, rows: rows.slice(i, i + 1_000) }));
        }

        const found = await allOf(reader);

        expect(found.map((one) => one.seq)).toEqual(rows.map(([seq]) => seq));
      }));

    it('takes readings in while somebody is in the middle of reading', () =>
      withStore(async (store, reader) => {
        await ingest(store, batch([1, 2, 3]));
        const seen: number[] = [];

        for await (const reading of reader.readings({ sinceAt: 0 })) {
          seen.push(reading.seq);
          if (seen.length === 1) await ingest(store, batch([4, 5]));
        }

        expect(seen.slice(0, 3)).toEqual([1, 2, 3]);
        expect(contains((await store.stream(STREAM)).received, 5)).toBe(true);
      }));

    it('sums itself up', () =>
      withStore(async (store, reader) => {
        const empty = await reader.summary();
        await ingest(store, batch([1, 2, 9]));

        const thinned = { rows: 0, readings: 0 };
        expect(empty).toEqual({ series: 0, received: 0, thinned, oldestAt: undefined, newestAt: undefined });
        expect(await reader.summary()).toEqual({
          series: 2,
          thinned,
          received: 3,
          oldestAt: AT + 1_000,
          newestAt: AT + 9_000,
        });
      }));

    it('tells how it is and how much it has stored since it was opened', () =>
      withStore(async (store, _reader, harness) => {
        expect(await store.health()).toMatchObject({ ok: true, rowsStored: 0, lastStoredAt: null });

        await ingest(store, batch([1, 2, 3]));
        await ingest(store, batch([3]));

        expect(await store.health()).toMatchObject({ ok: true, rowsStored: 3 });
        expect((await store.health()).lastStoredAt).toBeTypeOf('number');
        const other = await harness.open();
        expect(await other.health()).toMatchObject({ rowsStored: 0 });
        await other.close();
      }));
  });
}
