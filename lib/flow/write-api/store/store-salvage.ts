/**
 * Brings what a quarantined store still holds into the present one: its readings under the identity they were
 * received with, what is known of streams that only a store knows, and rollups of readings that had left because of
 * their age. What had been received and is nowhere any more is named as gone, so that no gap is unexplained; it is
 * not called received, so that a reader that still has it can send it again.
 *
 * The file is only read, page by page, a bounded number in each step (`salvage-rows.ts` says what is believed).
 * Readings with a trusted time come first: a page that a correction has left may still hold what it moved.
 */

import { type ScannedRow, scanPages } from '../../../base/page-scan.ts';
import { RELEASED_AT } from '../../../base/released-at.ts';
import { FLAG } from '../../reading.ts';
import { NO_SEQS, normalized, type SeqRange, type SeqRanges } from '../../seq-ranges.ts';
import { STORE_PAGE_BYTES } from '../limits.ts';
import type { SeriesKey } from '../readings-store.ts';
import { UNTRUSTED_GRACE_MS } from './retention.ts';
import { bucketOf, ROLLUP_LEVELS } from './rollup.ts';
import * as rows from './salvage-rows.ts';
import type { SalvagedReading, SalvageTarget, StreamName } from './salvage-target.ts';

export interface StoreSalvageCount {
  readonly saved: number;
  /** Received, and neither saved nor in the store in another way. */
  readonly lost: number;
}

/** One step: some 2,000 readings on pages of 1 KiB. */
const PAGES_AT_ONCE = 64;
/** Far above what a store has; a file of somebody else must not fill the memory. */
const NAMES_MAX = 200_000;
const RANGES_MAX = 1_000_000;

/** Does a bounded piece at each `next`. Throws what the disk throws; it can then be begun anew. */
export function* salvageStore(file: string, target: SalvageTarget): Generator<void, StoreSalvageCount> {
  const names = createNames();
  for (const found of inSteps(file)) {
    for (const row of found) names.learn(row);
    yield;
  }
  const keptFromAt = names.keptFrom()[0] ?? 0;
  const isAged = (at: number, flags: number) => {
    const untrusted = (flags & FLAG.clockUntrusted) !== 0;
    if (untrusted && at < RELEASED_AT) return false;
    return at < keptFromAt - (untrusted ? UNTRUSTED_GRACE_MS : 0);
  };

  for (const found of inSteps(file)) {
    target.together(() => addRecords(found, { names, target, isAged }));
    yield;
  }

  let saved = 0;
  /** Of each stream the lowest seq of those that are young enough to be kept. */
  const lowest = new Map<number, number>();
  for (const untrusted of [0, FLAG.clockUntrusted]) {
    for (const found of inSteps(file)) {
      const readings = found
        .flatMap((row) => rows.readingIn(row) ?? [])
        .filter(({ at, flags }) => (flags & FLAG.clockUntrusted) === untrusted && !isAged(at, flags));
      for (const { stream, seq, at } of readings) {
        if (at >= keptFromAt) lowest.set(stream, Math.min(seq, lowest.get(stream) ?? seq));
      }
      saved += target.together(() => addReadings(readings, names, target));
      yield;
    }
  }

  target.together(() => {
    for (const { stream, gateway, correction } of names.corrections()) {
      const from = names.stream(stream);
      if (from !== undefined) target.addCorrection(from, gateway, correction);
    }
    if (keptFromAt > 0) target.raiseKeptFrom(names.keptFrom());
  });

  let lost = 0;
  for (const [stream, ranges] of names.received()) {
    const from = names.stream(stream);
    if (from === undefined) continue;
    const youngFrom = lowest.get(stream) ?? Number.POSITIVE_INFINITY;
    const aged = keptFromAt === 0 ? NO_SEQS : before(ranges, youngFrom);
    lost += target.together(() => target.settle(from, ranges, aged));
    yield;
  }
  return { saved, lost };
}

function* inSteps(file: string): Generator<readonly ScannedRow[]> {
  let found: ScannedRow[] = [];
  let pages = 0;
  for (const page of scanPages(file, STORE_PAGE_BYTES)) {
    found.push(...page.rows);
    pages += 1;
    if (pages % PAGES_AT_ONCE !== 0) continue;
    yield found;
    found = [];
  }
  yield found;
}

/** The part of these ranges that is below a seq. */
function before(ranges: SeqRanges, seq: number): SeqRanges {
  return ranges.filter(([lo]) => lo < seq).map(([lo, hi]): SeqRange => [lo, Math.min(hi, seq - 1)]);
}

type Names = ReturnType<typeof createNames>;

/** What the small tables say: they are read first, and fit into memory. */
function createNames() {
  const streams = new Map<number, StreamName>();
  const series = new Map<number, SeriesKey>();
  const received = new Map<number, SeqRange[]>();
  const corrections: rows.FoundCorrection[] = [];
  let ranges = 0;
  let keptFrom: readonly number[] | undefined;
  let oldestAt = Number.POSITIVE_INFINITY;
  let oldestRollupAt = Number.POSITIVE_INFINITY;

  return {
    learn(row: ScannedRow): void {
      const stream = rows.streamIn(row);
      // The log comes first: what is found later is older.
      if (stream !== undefined && streams.size < NAMES_MAX && !streams.has(stream.id))
        streams.set(stream.id, stream);
      const one = rows.seriesIn(row);
      if (one !== undefined && series.size < NAMES_MAX && !series.has(one.id)) series.set(one.id, one.key);
      const range = rows.receivedIn(row);
      if (range !== undefined && ranges < RANGES_MAX) {
        ranges += 1;
        const of = received.get(range.stream) ?? [];
        of.push([range.lo, range.hi]);
        received.set(range.stream, of);
      }
      const correction = rows.correctionIn(row);
      if (correction !== undefined && corrections.length < NAMES_MAX) corrections.push(correction);
      const kept = rows.keptFromIn(row);
      if (kept !== undefined) keptFrom = (keptFrom ?? kept).map((at, i) => Math.max(at, kept[i] ?? 0));
      const reading = rows.readingIn(row);
      if (reading !== undefined && (reading.flags & FLAG.clockUntrusted) === 0)
        oldestAt = Math.min(oldestAt, reading.at);
      const rollup = rows.rollupIn(row);
      if (rollup !== undefined) oldestRollupAt = Math.min(oldestRollupAt, rollup.at);
    },
    stream: (id: number) => streams.get(id),
    series: (id: number) => series.get(id),
    received: () => new Map([...received].map(([id, list]) => [id, normalized(list)] as const)),
    corrections: () => corrections,
    /** If the page that says so is lost: rollups from before any reading can only be of readings that have left. */
    keptFrom(): readonly number[] {
      if (keptFrom !== undefined) return keptFrom;
      const dayAt = Number.isFinite(oldestAt) ? bucketOf(oldestAt, ROLLUP_LEVELS[2].widthMs) : 0;
      return [oldestRollupAt < dayAt ? dayAt : 0, 0, 0, 0];
    },
  };
}

interface About {
  readonly names: Names;
  readonly target: SalvageTarget;
  readonly isAged: (at: number, flags: number) => boolean;
}

/** What is neither a reading nor a name. */
function addRecords(found: readonly ScannedRow[], { names, target, isAged }: About): void {
  for (const row of found) {
    const thinned = rows.thinnedIn(row);
    const [from, source] = thinned === undefined ? [] : [names.stream(thinned[0]), names.stream(thinned[8])];
    if (thinned !== undefined && from !== undefined && source !== undefined)
      target.addThinned(from, source, thinned);

    const covered = rows.coveredIn(row);
    const [coveredOf, key] =
      covered === undefined ? [] : [names.stream(covered.stream), names.series(covered.series)];
    if (covered !== undefined && coveredOf !== undefined && key !== undefined)
      target.addCovered(coveredOf, key, [[covered.lo, covered.hi]]);

    const gone = rows.goneIn(row);
    const goneOf = gone === undefined ? undefined : names.stream(gone.stream);
    if (gone !== undefined && goneOf !== undefined) target.addGone(goneOf, gone.cause, [[gone.lo, gone.hi]]);

    const rollup = rows.rollupIn(row);
    const rollupOf = rollup === undefined ? undefined : names.series(rollup.series);
    // Of readings that are still there it is made anew as they arrive.
    if (rollup !== undefined && rollupOf !== undefined && isAged(rollup.at, rollup.flags))
      target.addRollup(rollupOf, rollup.level, rollup);
  }
}

function addReadings(found: readonly rows.FoundReading[], names: Names, target: SalvageTarget): number {
  const byStream = new Map<number, SalvagedReading[]>();
  for (const { series, stream, ...reading } of found) {
    const key = names.series(series);
    if (key === undefined || names.stream(stream) === undefined) continue;
    const of = byStream.get(stream) ?? [];
    of.push({ key, ...reading });
    byStream.set(stream, of);
  }
  let saved = 0;
  for (const [stream, readings] of byStream) {
    const from = names.stream(stream);
    if (from !== undefined) saved += target.addReadings(from, readings);
  }
  return saved;
}
