/**
 * From the wire to checked batches. Structure first: a request that is not of the wire form, in its
 * envelope or in any of its rows, is a problem as a whole and says where. Then meaning: a well-formed
 * reading that cannot be accepted is refused by its seq with a code of `REFUSALS`, and the others beside
 * it go on. Nothing here touches the store, so nothing is stored of what has not passed both.
 */

import type { z } from 'zod';
import { type FieldError, pathText } from '../../base/http/problem.ts';
import { RELEASED_AT } from '../../base/released-at.ts';
import { BatchEnvelope, type BatchRow, rowFault } from '../batch.ts';
import {
  REFUSALS,
  type ReadingObject,
  ReadingsRequest,
  type Refusal,
  type RefusalCode,
  UNIT_UNKNOWN,
} from '../reading.ts';
import type { WriteApiLimits } from './limits.ts';
import { ApiProblem, refusalText } from './problem.ts';
import type { IncomingBatch, SeriesKey } from './readings-store.ts';

export interface IngestContext {
  /** Now, wall time. */
  readonly nowAt: number;
  readonly limits: Pick<WriteApiLimits, 'rowsMax' | 'futureMaxMs'>;
  readonly ownStream: string;
  readonly defaultGateway: string;
}

/** Checks the body of `POST /api/v1/batches`. Throws `ApiProblem` when any part of it is malformed. */
export function batchOf(body: unknown, context: IngestContext): IncomingBatch {
  refuseLongLists(body, ['readings', 'series', 'gone', 'sources'], context.limits.rowsMax);
  const { gateway, stream, series, readings, gone, sources, corrections } = parsed(BatchEnvelope, body);
  for (const one of [stream, ...(sources ?? [])]) refuseOwnStream(one, context);
  return {
    stream,
    gateway,
    series: series.map((one) => ({ gateway, ...one })),
    ...judge(wellFormed(readings, series.length, sources?.length ?? 0), context),
    gone: gone ?? [],
    sources: sources ?? [],
    corrections: corrections ?? [],
  };
}

/**
 * Checks the body of `POST /api/v1/readings`, one batch for each stream in it and one for what has no
 * stream. Throws `ApiProblem` when any reading is malformed: a person is there to mend it.
 */
export function batchesOf(body: unknown, context: IngestContext): IncomingBatch[] {
  const list = Array.isArray(body) ? body : [body];
  refuseLongList(list, 'readings', context.limits.rowsMax);
  const objects = parsed(ReadingsRequest, list);
  const streams = new Map<string | undefined, ReadingObject[]>();
  for (const one of objects) {
    if (one.stream !== undefined) refuseOwnStream(one.stream, context);
    const others = streams.get(one.stream);
    if (others === undefined) streams.set(one.stream, [one]);
    else others.push(one);
  }
  const unnamed = objects.flatMap((one, index) =>
    one.stream === undefined && isFuture(timeOf(one, context), context)
      ? [{ path: `[${index}].at`, message: refusalText('future') }]
      : [],
  );
  if (unnamed.length > 0) throw new ApiProblem('reading_refused', describe(unnamed), unnamed);
  return Array.from(streams, ([stream, ofStream]) => objectBatch(stream, ofStream, context));
}

function objectBatch(
  stream: string | undefined,
  objects: readonly ReadingObject[],
  context: IngestContext,
): IncomingBatch {
  const series: SeriesKey[] = [];
  const indices = new Map<string, number>();
  const rows = objects.map((one, position): BatchRow => {
    const { sensor, metric, gateway = context.defaultGateway, unit = UNIT_UNKNOWN } = one;
    const name = `${gateway} ${sensor} ${metric} ${unit}`;
    let index = indices.get(name);
    if (index === undefined) {
      index = series.push({ gateway, sensor, metric, unit }) - 1;
      indices.set(name, index);
    }
    return [one.seq ?? position + 1, index, timeOf(one, context), one.value];
  });
  const gateway = objects[0]?.gateway ?? context.defaultGateway;
  return { stream, gateway, series, ...judge(rows, context), gone: [], sources: [], corrections: [] };
}

/** The rows, if each is of the wire form; else a problem that names every row that is not. */
function wellFormed(readings: unknown[], seriesCount: number, sourceCount: number): BatchRow[] {
  const faultOf = (row: unknown) => rowFault(row, seriesCount, sourceCount);
  const isBatchRow = (row: unknown): row is BatchRow => faultOf(row) === undefined;
  if (readings.every(isBatchRow)) return readings;
  throw malformed(
    readings.flatMap((row, index) => {
      const fault = faultOf(row);
      return fault === undefined
        ? []
        : [{ path: `readings[${index}]${fault.place}`, message: fault.message }];
    }),
  );
}

/** Sorts rows into good ones (ascending, each seq once) and refusals (each seq once, none of the good). */
function judge(all: readonly BatchRow[], context: IngestContext): { rows: BatchRow[]; refused: Refusal[] } {
  const rows: BatchRow[] = [];
  const refused = new Map<number, Refusal>();
  const refuse = (seq: number, code: RefusalCode) =>
    refused.set(seq, { seq, code, message: `the reading ${REFUSALS[code].meaning}` });
  let ascending = true;
  let last = 0;
  for (const row of all) {
    const [seq, , at] = row;
    if (isFuture(at, context)) refuse(seq, 'future');
    else rows.push(row);
    if (seq <= last) ascending = false;
    last = seq;
  }
  if (ascending) return { rows, refused: [...refused.values()] };
  return separated(rows, refused, refuse);
}

/** For rows out of order, which may hold a seq twice: equal readings are one, different ones are none. */
function separated(
  rows: BatchRow[],
  refused: Map<number, Refusal>,
  refuse: (seq: number, code: RefusalCode) => void,
): { rows: BatchRow[]; refused: Refusal[] } {
  const bySeq = new Map<number, BatchRow>();
  for (const row of rows) {
    const other = bySeq.get(row[0]);
    if (other === undefined) bySeq.set(row[0], row);
    // Nobody can say which of them is meant, and to store either would lose the other without a word.
    else if (!sameRow(other, row)) refuse(row[0], 'seq_conflict');
  }
  for (const seq of refused.keys()) if (bySeq.delete(seq)) refuse(seq, 'seq_conflict');
  return { rows: [...bySeq.values()].sort((a, b) => a[0] - b[0]), refused: [...refused.values()] };
}

function sameRow(a: BatchRow, b: BatchRow): boolean {
  const [, , , , flagsOfA = 0, standsOfA] = a;
  const [, , , , flagsOfB = 0, standsOfB] = b;
  const alike = a[1] === b[1] && a[2] === b[2] && a[3] === b[3] && flagsOfA === flagsOfB;
  return alike && (standsOfA?.every((one, i) => one === standsOfB?.[i]) ?? standsOfB === undefined);
}

function isFuture(at: number, context: IngestContext): boolean {
  // A clock that shows a time before this version was made has no say about anybody's future.
  if (context.nowAt < RELEASED_AT) return false;
  return at > context.nowAt + context.limits.futureMaxMs;
}

function timeOf({ at }: ReadingObject, context: IngestContext): number {
  return typeof at === 'string' ? Date.parse(at) : (at ?? context.nowAt);
}

/**
 * The seqs of the store's own stream are given by the store: a stranger's would make its next ones look like
 * duplicates.
 */
function refuseOwnStream(stream: string, context: IngestContext): void {
  if (stream !== context.ownStream) return;
  throw new ApiProblem('stream_reserved', `stream ${stream} is given to readings that come without one`);
}

/** Before the schema looks at each entry: half a million bad ones fit into 1 MiB and would all be described. */
function refuseLongLists(body: unknown, names: readonly string[], max: number): void {
  if (typeof body !== 'object' || body === null) return;
  for (const [name, list] of Object.entries(body)) if (names.includes(name)) refuseLongList(list, name, max);
}

function refuseLongList(list: unknown, name: string, max: number): void {
  if (!Array.isArray(list) || list.length <= max) return;
  throw new ApiProblem('too_many_readings', `${list.length} ${name} in one request; at most ${max}`);
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw malformed(result.error.issues.map(({ path, message }) => ({ path: pathText(path), message })));
}

function malformed(errors: readonly FieldError[]): ApiProblem {
  return new ApiProblem('body_invalid', describe(errors), errors);
}

function describe(errors: readonly FieldError[]): string {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${first?.path || 'the body'}: ${first?.message}${more}`;
}
