/**
 * What the small tables of a quarantined file claim: its streams, its series, its boots, and who has
 * acknowledged what. A claim about a row counts only if the checksum of the row agrees; a claim that something
 * was delivered only if its own checksum does, or, in a file older than that, if it stands where it should.
 */

import { holds } from '../../base/cell-checksum.ts';
import type { Cell, ScannedPage, ScannedRow } from '../../base/page-scan.ts';
import { isWhole, type Reading, STREAM_PATTERN } from '../reading.ts';
import { NO_SEQS, type SeqRange, type SeqRanges, union } from '../seq-ranges.ts';
import type { AdoptedRow } from './adoption.ts';
import { createRowChecksum } from './row-checksum.ts';
import { thinnedPart } from './thinned-text.ts';

export interface Span {
  readonly firstSeq: number;
  readonly nextSeq: number;
}

/** A row whose checksum holds for this stream. */
export interface GoodRow extends AdoptedRow {
  readonly stream: string;
}

export interface Claims {
  /** To be given every page; the latest version of each first. */
  learn(page: ScannedPage, isLatest: boolean): void;
  /** The row, if there is a stream and a series with which its checksum holds. */
  verified(row: ScannedRow): GoodRow[];
  /** From where to where each stream went: what its row says, unless that cannot be true. */
  spans(found: ReadonlyMap<string, SeqRanges>): Map<string, Span>;
  /** What a destination had, as far as that is certain. */
  acknowledgedBy(destination: string): SeqRanges;
}

type Names = Pick<Reading, 'sensor' | 'metric' | 'unit'>;

/** Far more than a gateway has of anything: a file of somebody else must not fill the memory. */
const CLAIMS_MAX = 20_000;
/** Of one id, in all versions of its page: one that was overwritten may claim anything. */
const NAMES_OF_ID_MAX = 10;

export function createClaims(): Claims {
  const checksum = createRowChecksum();
  const streams = new Map<string, Span | undefined>();
  const series = new Map<number, Names[]>();
  const boots = new Map<number, string>();
  const acknowledged = new Map<string, SeqRanges>();
  /** Of a file without checksums: which page each claim stands on, and on which the table begins. */
  const unproven: { page: number; destination: string; range: SeqRange }[] = [];
  let acknowledgedRoot: number | undefined;

  function noteStream(id: string, span: Span | undefined): void {
    const known = streams.get(id);
    if (known === undefined && streams.size >= CLAIMS_MAX) return;
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
    if (series.size >= CLAIMS_MAX || known.length >= NAMES_OF_ID_MAX) return;
    const isNew = !known.some(
      (one) => one.sensor === names.sensor && one.metric === names.metric && one.unit === names.unit,
    );
    if (isNew) series.set(id, [...known, names]);
  }

  function noteAcknowledged(page: number, [destination, lo, hi, crc]: readonly Cell[]): void {
    if (!isText(destination) || !isWhole(lo) || !isWhole(hi) || lo < 1 || hi < lo) return;
    if (crc !== undefined) {
      if (!holds([destination, lo, hi, crc])) return;
      acknowledged.set(destination, union(acknowledged.get(destination) ?? NO_SEQS, [[lo, hi]]));
    } else if (unproven.length < CLAIMS_MAX) {
      unproven.push({ page, destination, range: [lo, hi] });
    }
  }

  /** Rows with a number: those of streams, series, boots, and of the schema. */
  function learnNumbered(rowid: number, cells: readonly Cell[], page: number): void {
    const [a, b, c, d, e, crc] = cells;
    if (page === 1) {
      if (a === 'table' && b === 'acknowledged' && isWhole(d)) acknowledgedRoot = d;
    } else if (cells.length === 5 || cells.length === 6) {
      // A row whose checksum does not hold gives a name to try, and no interval.
      const believed = crc === undefined || holds([rowid, b ?? null, c ?? null, d ?? null, crc]);
      if (isText(b) && STREAM_PATTERN.test(b) && isWhole(c) && isWhole(d) && isWhole(e))
        noteStream(b, believed ? { firstSeq: c, nextSeq: d } : undefined);
    } else if (cells.length === 4) {
      if (isText(b) && isText(c) && isText(d)) noteSeries(rowid, { sensor: b, metric: c, unit: d });
    } else if (cells.length === 2) {
      if (isText(b) && boots.size < CLAIMS_MAX) boots.set(rowid, b);
    }
  }

  function learnStreamName(id: Cell | undefined): void {
    if (isText(id) && STREAM_PATTERN.test(id)) noteStream(id, undefined);
  }

  /** Rows of an index, or of a table that is one. */
  function learnUnnumbered(cells: readonly Cell[]): void {
    const [a, b, c, d] = cells;
    // The index over the names says the same as their table, on another page.
    if (cells.length === 4 && isText(a) && isText(b) && isText(c) && isWhole(d))
      noteSeries(d, { sensor: a, metric: b, unit: c });
    if (cells.length === 2 && isWhole(b)) learnStreamName(a);
  }

  /** From a stream's own rows, which are certain. */
  function certainSpans(found: ReadonlyMap<string, SeqRanges>): Map<string, Span> {
    const certain = new Map<string, Span>();
    for (const [stream, seqs] of found) {
      const [first, last] = [seqs[0], seqs.at(-1)];
      if (first !== undefined && last !== undefined)
        certain.set(stream, { firstSeq: first[0], nextSeq: last[1] + 1 });
    }
    return certain;
  }

  return {
    learn({ number, rows }, isLatest) {
      for (const { rowid, cells } of rows) {
        if (rowid !== undefined) learnNumbered(rowid, cells, number);
        else learnUnnumbered(cells);
        // An older version may name as acknowledged what a person has had sent once more.
        const isAcknowledged = rowid === undefined && (cells.length === 3 || cells.length === 4);
        if (isAcknowledged && isLatest) noteAcknowledged(number, cells);
      }
    },
    verified({ rowid: seq, cells }) {
      const [, id, at, value, monoMs, flags, boot, crc, thinned = null] = cells;
      // Files of schema 1 have no column for what a thinned row stands for.
      if (seq === undefined || cells.length < 8 || cells.length > 9) return [];
      if (thinned !== null && typeof thinned !== 'string') return [];
      if (!(isWhole(id) && isWhole(at) && isWhole(monoMs) && isWhole(flags) && isWhole(boot))) return [];
      if (typeof value !== 'number' || !Number.isFinite(value)) return [];
      const row = { seq, at, value, flags, monoMs };
      const likely = [...streams].sort(([, x], [, y]) => Number(covers(y, seq)) - Number(covers(x, seq)));
      for (const [stream] of likely) {
        for (const names of series.get(id) ?? []) {
          if (checksum.of(checksum.startOf(stream, names), row, thinned) !== crc) continue;
          const reading = { ...names, at, value, flags, monoMs };
          const part = thinnedPart(thinned);
          return [{ stream, seq, reading, ...part, bootId: boots.get(boot) ?? 'unknown' }];
        }
      }
      return [];
    },
    spans(found) {
      const all = certainSpans(found);
      for (const [stream, claim] of streams) {
        const least = all.get(stream);
        if (claim === undefined || claim.nextSeq === claim.firstSeq) continue;
        const whole = {
          firstSeq: Math.min(claim.firstSeq, least?.firstSeq ?? claim.firstSeq),
          nextSeq: Math.max(claim.nextSeq, least?.nextSeq ?? claim.nextSeq),
        };
        const others = [...all].filter(([other]) => other !== stream).map(([, span]) => span);
        if (touchesOnly(others, whole)) all.set(stream, whole);
      }
      return all;
    },
    acknowledgedBy(destination) {
      const standing = unproven.filter(
        (one) => one.destination === destination && one.page === acknowledgedRoot,
      );
      return standing.reduce(
        (all, { range }) => union(all, [range]),
        acknowledged.get(destination) ?? NO_SEQS,
      );
    },
  };
}

/** Neighbours may share a border, as a stream begins where the one before it ends. */
function touchesOnly(others: readonly Span[], { firstSeq, nextSeq }: Span): boolean {
  return others.every((one) => one.nextSeq <= firstSeq || one.firstSeq >= nextSeq);
}

const covers = (span: Span | undefined, seq: number) =>
  span !== undefined && seq >= span.firstSeq && seq < span.nextSeq;

const isText = (thing: unknown): thing is string => typeof thing === 'string' && thing !== '';
