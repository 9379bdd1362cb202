/**
 * Brings the good rows of a quarantined outbox file into the present one, under the identity they were
 * accepted with, and names those that are lost. A row is good if its checksum holds: which stream and series
 * it belongs to is found by that, too, so a damaged table of streams cannot give it a wrong name. Rows that
 * were delivered before are sent again, and the store recognises them.
 *
 * The file is only read, and a bounded number of pages in each step. A crash means to begin again: what is
 * there already is left as it is.
 */

import { type Reading, STREAM_PATTERN } from '../reading.ts';
import { contains, countOf, difference, NO_SEQS, type SeqRanges, union } from '../seq-ranges.ts';
import type { AdoptedRow, Adoption } from './adoption.ts';
import { type ScannedRow, scanPages } from './page-scan.ts';
import { createRowChecksum } from './row-checksum.ts';

export interface SalvageOptions {
  /** The quarantined file; its log is looked for beside it. */
  readonly file: string;
  /** Throws what SQLite throws; the step can then be repeated from the beginning. */
  readonly adopt: (adoption: Adoption) => void;
}

export interface SalvageCount {
  readonly saved: number;
  readonly lost: number;
}

/** One turn of a loop: 64 KiB of pages, some 1,600 rows, written in one transaction for each stream. */
const PAGES_AT_ONCE = 16;

interface Span {
  firstSeq: number;
  nextSeq: number;
}

/** Does a bounded piece at each `next`; returns what has been saved and lost in the end. */
export function* salvage(options: SalvageOptions): Generator<void, SalvageCount> {
  const claims = createClaims();
  for (const rows of inSteps(options.file)) {
    for (const row of rows) claims.learn(row);
    yield;
  }

  const found = new Map<string, SeqRanges>();
  for (const rows of inSteps(options.file)) {
    for (const [stream, good] of byStream(rows.flatMap(claims.verified))) {
      const seqs = good.map(({ seq }): readonly [number, number] => [seq, seq]);
      found.set(stream, union(found.get(stream) ?? NO_SEQS, seqs));
    }
    yield;
  }

  const spans = claims.spans(found);
  let taken: SeqRanges = NO_SEQS;
  for (const rows of inSteps(options.file)) {
    for (const [stream, good] of byStream(rows.flatMap(claims.verified))) {
      const span = spans.get(stream);
      // The latest version of a page comes first.
      const fresh = good.filter(({ seq }) => !contains(taken, seq));
      if (span === undefined || fresh.length === 0) continue;
      options.adopt({ stream, ...span, rows: fresh, missing: NO_SEQS });
      taken = union(
        taken,
        fresh.map(({ seq }) => [seq, seq]),
      );
    }
    yield;
  }

  let lost = 0;
  for (const [stream, span] of spans) {
    const all: SeqRanges = [[span.firstSeq, span.nextSeq - 1]];
    const missing = difference(difference(all, found.get(stream) ?? NO_SEQS), claims.leftBefore());
    if (missing.length > 0) options.adopt({ stream, ...span, rows: [], missing });
    lost += countOf(missing);
  }
  return { saved: countOf(taken), lost };
}

function* inSteps(file: string): Generator<readonly ScannedRow[]> {
  let rows: ScannedRow[] = [];
  let pages = 0;
  for (const page of scanPages(file)) {
    rows.push(...page);
    pages += 1;
    if (pages % PAGES_AT_ONCE !== 0) continue;
    yield rows;
    rows = [];
  }
  yield rows;
}

interface GoodRow extends AdoptedRow {
  readonly stream: string;
}

function byStream(rows: readonly GoodRow[]): Map<string, GoodRow[]> {
  const parts = new Map<string, GoodRow[]>();
  for (const row of rows) {
    const part = parts.get(row.stream) ?? [];
    // One page of the log may stand there in several versions.
    if (!part.some(({ seq }) => seq === row.seq)) part.push(row);
    parts.set(row.stream, part);
  }
  return parts;
}

type Names = Pick<Reading, 'sensor' | 'metric' | 'unit'>;

/** What the small tables of the file claim. */
function createClaims() {
  const checksum = createRowChecksum();
  const streams = new Map<string, Span | undefined>();
  const series = new Map<number, Names[]>();
  const boots = new Map<number, string>();
  const acknowledged = new Map<string, number>();

  function noteStream(id: string, span: Span | undefined): void {
    const known = streams.get(id);
    if (span === undefined || span.firstSeq < 1 || span.nextSeq < span.firstSeq) {
      if (!streams.has(id)) streams.set(id, known);
    } else {
      const { firstSeq, nextSeq } = known ?? span;
      // A stream only grows, and one of the versions is the last.
      streams.set(id, {
        firstSeq: Math.min(firstSeq, span.firstSeq),
        nextSeq: Math.max(nextSeq, span.nextSeq),
      });
    }
  }

  function noteSeries(id: number, names: Names): void {
    const known = series.get(id) ?? [];
    const isNew = !known.some(
      (one) => one.sensor === names.sensor && one.metric === names.metric && one.unit === names.unit,
    );
    if (isNew) series.set(id, [...known, names]);
  }

  function learn({ rowid, cells }: ScannedRow): void {
    const [a, b, c, d, e] = cells;
    if (rowid !== undefined && cells.length === 5) {
      if (isText(b) && STREAM_PATTERN.test(b) && isWhole(c) && isWhole(d) && isWhole(e))
        noteStream(b, { firstSeq: c, nextSeq: d });
    } else if (rowid !== undefined && cells.length === 4) {
      if (isText(b) && isText(c) && isText(d)) noteSeries(rowid, { sensor: b, metric: c, unit: d });
    } else if (rowid !== undefined && cells.length === 2) {
      if (isText(b)) boots.set(rowid, b);
    } else if (rowid === undefined && cells.length === 4) {
      // The index over the names says the same as their table, on another page.
      if (isText(a) && isText(b) && isText(c) && isWhole(d)) noteSeries(d, { sensor: a, metric: b, unit: c });
    } else if (rowid === undefined && cells.length === 2) {
      if (isText(a) && STREAM_PATTERN.test(a) && isWhole(b)) noteStream(a, undefined);
    } else if (rowid === undefined && cells.length === 3) {
      if (isText(a) && b === 1 && isWhole(c)) acknowledged.set(a, Math.max(c, acknowledged.get(a) ?? 0));
    }
  }

  /** The row, if there is a stream and a series with which its checksum holds. */
  function verified({ rowid: seq, cells }: ScannedRow): GoodRow[] {
    const [, id, at, value, monoMs, flags, boot, crc] = cells;
    if (seq === undefined || cells.length !== 8) return [];
    if (!(isWhole(id) && isWhole(at) && isWhole(monoMs) && isWhole(flags) && isWhole(boot))) return [];
    if (typeof value !== 'number' || !Number.isFinite(value)) return [];
    const row = { seq, at, value, flags, monoMs };
    const likely = [...streams].sort(([, x], [, y]) => Number(holds(y, seq)) - Number(holds(x, seq)));
    for (const [stream] of likely) {
      for (const names of series.get(id) ?? []) {
        if (checksum.of(checksum.startOf(stream, names), row) !== crc) continue;
        const reading = { ...names, at, value, flags, monoMs };
        return [{ stream, seq, reading, bootId: boots.get(boot) ?? 'unknown' }];
      }
    }
    return [];
  }

  /** From where to where each stream went: what its row says, unless that cannot be true. */
  function spans(found: ReadonlyMap<string, SeqRanges>): Map<string, Span> {
    const certain = new Map<string, Span>();
    for (const [stream, seqs] of found) {
      const [first, last] = [seqs[0], seqs.at(-1)];
      if (first !== undefined && last !== undefined)
        certain.set(stream, { firstSeq: first[0], nextSeq: last[1] + 1 });
    }
    const all = new Map(certain);
    for (const [stream, claim] of streams) {
      const least = certain.get(stream);
      if (claim === undefined || claim.nextSeq === claim.firstSeq) continue;
      const whole = {
        firstSeq: Math.min(claim.firstSeq, least?.firstSeq ?? claim.firstSeq),
        nextSeq: Math.max(claim.nextSeq, least?.nextSeq ?? claim.nextSeq),
      };
      const others = [...all].filter(([other]) => other !== stream).map(([, span]) => span);
      if (touchesOnly(others, whole)) all.set(stream, whole);
    }
    return all;
  }

  return {
    learn,
    verified,
    spans,
    /** What every destination had acknowledged: it is missing because it was delivered. */
    leftBefore(): SeqRanges {
      const through = acknowledged.size === 0 ? 0 : Math.min(...acknowledged.values());
      return through > 0 ? [[1, through]] : NO_SEQS;
    },
  };
}

/** Neighbours may share a border, as a stream begins where the one before it ends. */
function touchesOnly(others: readonly Span[], { firstSeq, nextSeq }: Span): boolean {
  return others.every((one) => one.nextSeq <= firstSeq || one.firstSeq >= nextSeq);
}

const holds = (span: Span | undefined, seq: number) =>
  span !== undefined && seq >= span.firstSeq && seq < span.nextSeq;

const isText = (thing: unknown): thing is string => typeof thing === 'string' && thing !== '';

const isWhole = (thing: unknown): thing is number => Number.isSafeInteger(thing) && Number(thing) >= 0;
