/**
 * How batches get into a PostgreSQL store: all of one call in one transaction. First the streams are locked and what
 * is noted of them is read, then it is decided, batch by batch and in memory, what is new, and at last everything is
 * written set by set. So a call costs a dozen statements, however many batches and readings are in it.
 */

import type { BatchRow, Correction } from '../../batch.ts';
import { FLAG, type Refusal } from '../../reading.ts';
import { contains, difference, intersection, NO_SEQS, rangesOfSeqs, union } from '../../seq-ranges.ts';
import { mendedTime } from '../mended-time.ts';
import type { IncomingBatch, IngestAnswer } from '../readings-store.ts';
import type { Sql } from './connections.ts';
import { correctionsOf, type Declared, declareCorrections } from './corrections.ts';
import { type NewReading, restOf, type ThinnedRow } from './held-readings.ts';
import type { Stretch } from './months.ts';
import { COVERED, createRangeBook, GONE, type RangeKey, RECEIVED } from './range-book.ts';
import { writeReadings } from './reading-rows.ts';
import { askedOf, goneOf, marksOf, type ResolvedBatch, streamsOf } from './resolved-batch.ts';
import { addToRollups } from './rollup-rows.ts';
import type { KnownSeries } from './series-names.ts';
import { lockStreams, type StreamRow, writeStreams } from './stream-rows.ts';

export interface IntakeDeps {
  readonly ownStream: string;
  readonly series: KnownSeries;
  /** The stretches of these times that have no partition yet. */
  readonly missing: (ats: Iterable<number>) => readonly Stretch[];
}

export type Taken =
  | { readonly answers: IngestAnswer[] }
  /** Nothing has been written, because this is missing: streams that are to be begun, partitions to be made. */
  | {
      readonly streams: ReadonlyMap<string, { readonly gateway: string }>;
      readonly stretches: readonly Stretch[];
    };

const NO_STREAMS: ReadonlyMap<string, { readonly gateway: string }> = new Map();

/** Inside a transaction. */
export async function takeIn(
  sql: Sql,
  batches: readonly IncomingBatch[],
  { ownStream, series, missing }: IntakeDeps,
): Promise<Taken> {
  const wanted = streamsOf(batches, ownStream);
  const streams = await lockStreams(sql, [...wanted.keys()]);
  if (streams.size < wanted.size) {
    return { streams: new Map([...wanted].filter(([name]) => !streams.has(name))), stretches: [] };
  }
  const all = batches.map((batch): ResolvedBatch => {
    const stream = streams.get(batch.stream ?? ownStream);
    if (stream === undefined) throw new Error(`stream ${batch.stream} was not locked`);
    return {
      batch,
      stream,
      ids: batch.series.map((key) => series.idOf(key)),
      sources: batch.sources.map((source) => streams.get(source)),
    };
  });
  const before = new Map(Array.from(streams.values(), (row) => [row.id, { ...row }]));

  const received = createRangeBook(RECEIVED);
  const gone = createRangeBook(GONE);
  const covered = createRangeBook(COVERED);
  const marks = marksOf(all);
  const named = all.filter(({ batch }) => batch.stream !== undefined);
  await received.read(sql, [...named.map(askedOf), ...marks.sources]);
  const own = all.find(({ batch }) => batch.stream === undefined);
  if (own !== undefined) await received.readLast(sql, [own.stream.id]);
  await covered.read(sql, marks.covered);
  await gone.read(sql, all.flatMap(goneOf));
  const ids = Array.from(streams.values(), ({ id }) => id);
  const corrections = marks.any ? await correctionsOf(sql, ids) : new Map<number, Correction[]>();

  const declared: Declared[] = [];
  const fresh: NewReading[] = [];
  const answers: IngestAnswer[] = [];

  function declare({ batch, stream }: ResolvedBatch): void {
    if (batch.corrections.length > 0) {
      // It may have delivered under another name before.
      for (const gateway of new Set([batch.gateway, stream.gateway]))
        declared.push({ stream: stream.id, gateway, corrections: batch.corrections });
      corrections.set(stream.id, [...(corrections.get(stream.id) ?? []), ...batch.corrections]);
    }
    stream.gateway = batch.gateway;
  }

  /** Takes one reading that has not been received; says whether it is new in every form. */
  async function takeRow(
    row: BatchRow,
    seq: number,
    id: number,
    { stream, sources }: ResolvedBatch,
  ): Promise<boolean> {
    const [, , sentAt, value, sentFlags = 0, detail] = row;
    const isUntrusted = (sentFlags & FLAG.clockUntrusted) !== 0;
    const { at, flags } = isUntrusted
      ? mendedTime({ seq, at: sentAt, flags: sentFlags }, corrections.get(stream.id) ?? [])
      : { at: sentAt, flags: sentFlags };
    if (detail === undefined) {
      if (seq <= stream.thinnedUpTo && contains(covered.of([stream.id, id]), seq)) return false;
      fresh.push({ series: id, at, stream: stream.id, seq, value, flags });
      return true;
    }
    const [count, min, max, first, last, spanMs, sourceIndex, lo, hi] = detail;
    const source = sources[sourceIndex];
    if (source === undefined) throw new RangeError(`a thinned reading names source ${sourceIndex}`);
    const stands: ThinnedRow = { count, min, max, first, last, spanMs, source: source.id, lo, hi };
    const there = union(received.of([source.id]), covered.of([source.id, id]));
    const own = corrections.get(source.id) ?? [];
    const look = { series: id, at, mean: value, stands, there, corrections: own, pending: fresh };
    const rest = await restOf(sql, look);
    if (rest === undefined) return false;
    const thinned = { ...stands, count: rest.count };
    fresh.push({ series: id, at, stream: stream.id, seq, value: rest.mean, flags, thinned });
    covered.add([source.id, id], [[lo, hi]]);
    source.thinnedUpTo = Math.max(source.thinnedUpTo, hi);
    stream.thinnedRows += 1;
    stream.thinnedReadings += rest.count;
    return true;
  }

  for (const one of all) {
    const { batch, stream, ids } = one;
    declare(one);
    const key: RangeKey = [stream.id];
    const shift = batch.stream === undefined ? (received.of(key).at(-1)?.[1] ?? 0) : 0;
    const refused: Refusal[] = [...batch.refused];
    const good: number[] = [];
    for (const [seq, index] of batch.rows) {
      if (ids[index] === undefined) refused.push(series.full(seq + shift, batch.series[index]));
      else good.push(seq + shift);
    }
    const sent = rangesOfSeqs(good);
    const asked = union(sent, rangesOfSeqs(refused.map(({ seq }) => seq)));
    const touched = received.of(key);
    const unseen = difference(sent, touched);
    const there: number[] = [];
    if (unseen.length > 0) {
      for (const row of batch.rows) {
        const [id, seq] = [ids[row[1]], row[0] + shift];
        if (id === undefined || !contains(unseen, seq)) continue;
        if (!(await takeRow(row, seq, id, one))) there.push(seq);
      }
      received.add(key, unseen);
    }
    for (const [lo, hi, cause] of batch.gone) gone.add([stream.id, cause], [[lo, hi]]);
    const known = there.length === 0 ? NO_SEQS : rangesOfSeqs(there);
    answers.push({
      stream: stream.stream,
      stored: difference(unseen, known) as [number, number][],
      duplicate: union(intersection(asked, touched), known) as [number, number][],
      refused: refused.filter(({ seq }) => !contains(touched, seq)),
    });
  }

  const stretches = missing(fresh.map(({ at }) => at));
  if (stretches.length > 0) return { streams: NO_STREAMS, stretches };

  await writeReadings(sql, fresh);
  await addToRollups(
    sql,
    fresh.map(({ series: id, at, value, flags, thinned }) => ({
      series: id,
      at,
      value,
      flags,
      stands: thinned,
    })),
  );
  await received.write(sql);
  await gone.write(sql);
  await covered.write(sql);
  await declareCorrections(sql, declared);
  await writeStreams(
    sql,
    [...streams.values()].filter((row) => hasChanged(row, before.get(row.id))),
  );
  return { answers };
}

function hasChanged(row: StreamRow, before: StreamRow | undefined): boolean {
  return (
    before === undefined ||
    row.gateway !== before.gateway ||
    row.thinnedUpTo !== before.thinnedUpTo ||
    row.thinnedRows !== before.thinnedRows
  );
}
