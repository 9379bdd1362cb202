/**
 * Brings what a quarantined outbox file still holds into the present one, under the identity it was accepted
 * with, and names what is lost. A row is good if its checksum holds: which stream and series it belongs to is
 * found by that, too, so a damaged table of streams cannot give it a wrong name. Rows that were delivered
 * before are sent again, and the store recognises them.
 *
 * The file is only read, and a bounded number of pages in each step. A crash means to begin again: what is
 * there already is left as it is.
 */

import { type ScannedPage, scanPages } from '../../base/page-scan.ts';
import {
  contains,
  countOf,
  difference,
  intersection,
  NO_SEQS,
  rangesOfSeqs,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import type { Outbox } from './outbox.ts';
import { createClaims, type GoodRow, type Span } from './salvage-claims.ts';
import { createHistoryClaims } from './salvage-history.ts';
import { type GoneClaim, goneIn, type LetterClaim, letterIn } from './salvage-records.ts';

export interface SalvageOptions {
  /** The quarantined file; its log is looked for beside it. */
  readonly file: string;
  /** Those that are configured now: what is lost is lost for each of them, as far as it did not have it. */
  readonly destinations: readonly string[];
  /** Throws what SQLite throws; the salvage can then be repeated from the beginning. */
  readonly outbox: Pick<Outbox, 'adopt' | 'restore'>;
}

export interface SalvageCount {
  /** Rows that wait again. */
  readonly saved: number;
  /** Rows that somebody will never get. */
  readonly lost: number;
  readonly deadLetters: number;
}

/** One turn of a loop: 64 KiB of pages, some 1,600 rows, written in one transaction for each stream. */
const PAGES_AT_ONCE = 16;
/** Above what an outbox keeps; a file of somebody else must not fill the memory. */
const GONE_MAX = 50_000;

/** Does a bounded piece at each `next`; returns what has been saved and lost in the end. */
export function* salvage({ file, destinations, outbox }: SalvageOptions): Generator<void, SalvageCount> {
  const claims = createClaims();
  const records = createRecords();
  const history = createHistoryClaims();
  for (const pages of inSteps(file)) {
    for (const { page, isLatest } of pages) {
      claims.learn(page, isLatest);
      if (isLatest) records.learn(page);
      if (isLatest) history.learn(page);
    }
    yield;
  }

  const found = new Map<string, SeqRanges>();
  for (const pages of inSteps(file)) {
    for (const [stream, good] of byStream(rowsOf(pages).flatMap(claims.verified))) {
      found.set(stream, union(found.get(stream) ?? NO_SEQS, seqsOf(good)));
    }
    yield;
  }
  const spans = claims.spans(found);
  const ledger = createLedger(records.gone(), { spans, found, lettersOf: records.lettersOf });

  let deadLetters = 0;
  for (const pages of inSteps(file)) {
    const letters = pages.filter((one) => one.isLatest).flatMap(({ page }) => lettersOn(page));
    deadLetters += letters.length;
    if (letters.length > 0) outbox.restore({ letters });
    yield;
  }

  let taken: SeqRanges = NO_SEQS;
  const settled = new Map(
    destinations.map((name) => [name, union(ledger.settledFor(name), records.lettersOf(name))]),
  );
  for (const pages of inSteps(file)) {
    for (const [stream, good] of byStream(rowsOf(pages).flatMap(claims.verified))) {
      const span = spans.get(stream);
      // The latest version of a page comes first.
      const fresh = good.filter(({ seq }) => !contains(taken, seq) && !contains(ledger.given, seq));
      if (span === undefined || fresh.length === 0) continue;
      outbox.adopt({ stream, ...span, rows: fresh, missing: NO_SEQS, settled });
      taken = union(taken, seqsOf(fresh));
    }
    yield;
  }

  if (ledger.entries.length > 0) outbox.restore({ gone: ledger.entries });
  yield;

  for (const part of history.parts()) {
    outbox.restore({ history: part });
    yield;
  }

  let lost = 0;
  for (const [stream, span] of spans) {
    const whole: SeqRanges = [[span.firstSeq, span.nextSeq - 1]];
    let lostHere: SeqRanges = NO_SEQS;
    const gap = difference(difference(whole, found.get(stream) ?? NO_SEQS), ledger.given);
    const named = destinations.map((name) => {
      const seqs = difference(gap, settled.get(name) ?? NO_SEQS);
      lostHere = union(lostHere, difference(seqs, claims.acknowledgedBy(name)));
      return { destination: name, seqs };
    });
    lost += countOf(lostHere);
    // Also what was acknowledged: it was delivered, or in a line of the ledger that is lost, and for a store that
    // has it, the line that says so now is no contradiction.
    const losses = splitLosses(named, gap);
    for (const { destination, seqs } of losses) {
      if (seqs.length === 0) continue;
      // The stream must be known before an entry can be told.
      outbox.adopt({ stream, ...span, rows: [], missing: destination === null ? seqs : NO_SEQS });
      if (destination !== null) outbox.restore({ gone: corruptFor(stream, destination, seqs) });
    }
  }
  return { saved: countOf(taken), lost, deadLetters };
}

interface Step {
  readonly page: ScannedPage;
  /** Whether no later version of the page has been seen. */
  readonly isLatest: boolean;
}

function* inSteps(file: string): Generator<readonly Step[]> {
  const seen = new Set<number>();
  let steps: Step[] = [];
  for (const page of scanPages(file)) {
    steps.push({ page, isLatest: !seen.has(page.number) });
    // A version that cannot be read says nothing about the one before it.
    if (page.hasRows) seen.add(page.number);
    if (steps.length < PAGES_AT_ONCE) continue;
    yield steps;
    steps = [];
  }
  yield steps;
}

const rowsOf = (steps: readonly Step[]) => steps.flatMap(({ page }) => page.rows);

/** A row of an older version of its page comes after its neighbours. */
const seqsOf = (rows: readonly GoodRow[]): SeqRanges => rangesOfSeqs(rows.map(({ seq }) => seq));

function byStream(rows: readonly GoodRow[]): Map<string, GoodRow[]> {
  const parts = new Map<string, GoodRow[]>();
  const seen = new Set<number>();
  for (const row of rows) {
    // One page of the log may stand there in several versions.
    if (seen.has(row.seq)) continue;
    seen.add(row.seq);
    const part = parts.get(row.stream);
    if (part === undefined) parts.set(row.stream, [row]);
    else part.push(row);
  }
  return parts;
}

const lettersOn = (page: ScannedPage): LetterClaim[] => page.rows.flatMap((row) => letterIn(row) ?? []);

/** Which seqs have a dead letter, and what the ledger says. */
function createRecords() {
  const letters = new Map<string, SeqRanges>();
  const gone: GoneClaim[] = [];
  return {
    learn(page: ScannedPage): void {
      for (const { destination, seq } of lettersOn(page)) {
        letters.set(destination, union(letters.get(destination) ?? NO_SEQS, [[seq, seq]]));
      }
      for (const row of page.rows) {
        const claim = goneIn(row);
        if (claim !== undefined && gone.length < GONE_MAX) gone.push(claim);
      }
    },
    lettersOf: (destination: string): SeqRanges => letters.get(destination) ?? NO_SEQS,
    gone: (): readonly GoneClaim[] => gone,
  };
}

interface Known {
  readonly spans: ReadonlyMap<string, Span>;
  readonly found: ReadonlyMap<string, SeqRanges>;
  readonly lettersOf: (destination: string) => SeqRanges;
}

/** The part of the old ledger that can be believed. */
function createLedger(claims: readonly GoneClaim[], { spans, found, lettersOf }: Known) {
  const entries = claims.flatMap((claim): GoneClaim[] => {
    if (claim.proven) return [claim];
    // Without a checksum it explains what is missing in a stream, and takes nothing away that is there.
    const span = spans.get(claim.stream);
    if (span === undefined) return [];
    const inside = intersection([[claim.lo, claim.hi]], [[span.firstSeq, span.nextSeq - 1]]);
    const buried = claim.destination === null ? NO_SEQS : lettersOf(claim.destination);
    const present = difference(found.get(claim.stream) ?? NO_SEQS, buried);
    return difference(inside, present).map(([lo, hi]) => ({ ...claim, lo, hi }));
  });
  const rangesFor = (destination: string | null): SeqRanges =>
    entries
      .filter((one) => one.destination === destination)
      .reduce<SeqRanges>((all, { lo, hi }) => union(all, [[lo, hi]]), NO_SEQS);
  return {
    entries,
    /** What nobody gets. */
    given: rangesFor(null),
    /** What this destination does not get. */
    settledFor: (destination: string) => rangesFor(destination),
  };
}

interface Loss {
  /** `null`: all of them. */
  readonly destination: string | null;
  readonly seqs: SeqRanges;
}

/** What is named for everybody as one loss, and what only for some as theirs. */
function splitLosses(
  named: readonly { destination: string; seqs: SeqRanges }[],
  gap: SeqRanges,
): readonly Loss[] {
  const common = named.reduce((all, { seqs }) => intersection(all, seqs), gap);
  const rest = named.map(({ destination, seqs }) => ({ destination, seqs: difference(seqs, common) }));
  return [{ destination: null, seqs: common }, ...rest];
}

function corruptFor(stream: string, destination: string, seqs: SeqRanges): GoneClaim[] {
  // `at` is set where it is written.
  return seqs.map(([lo, hi]) => ({ stream, destination, lo, hi, cause: 'corrupt', at: 0, proven: true }));
}
