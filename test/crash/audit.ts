/**
 * The promise as arithmetic: given what was accepted and what the files say, every reading is in the
 * outbox, in the store, in the dead letters or in the ledger; in the store once, and with its own value.
 * Pure, so that its tests can show each kind of loss being found.
 */

import {
  countOf,
  difference,
  formatRanges,
  NO_SEQS,
  rangesOfSeqs,
  type SeqRanges,
  union,
} from '../../lib/flow/seq-ranges.ts';
import type { ByStream, Entry, OutboxBooks, StoreBooks } from './books.ts';

export interface Evidence {
  /** What `append` has acknowledged, as far as we heard of it. */
  readonly accepted: ByStream;
  /** What readings were when they were seen in the outbox: `nameOf` -> content. */
  readonly seen: ReadonlyMap<string, string>;
  readonly outbox: OutboxBooks;
  readonly store: StoreBooks;
}

export interface Audit {
  /** Sentences; none if the promise was kept. */
  readonly problems: readonly string[];
  /** Readings that were accepted, whether or not we heard of it. */
  readonly accepted: number;
  readonly stored: number;
  readonly buried: number;
  readonly gone: number;
  /** Stored readings whose value could be compared with what was once in the outbox. */
  readonly compared: number;
}

const nameOf = ({ stream, seq }: Pick<Entry, 'stream' | 'seq'>) => `${stream} ${seq}`;

export function audit({ accepted, seen, outbox, store }: Evidence): Audit {
  const problems: string[] = [];
  const inOutbox = seqsByStream(outbox.rows);
  const inStore = seqsByStream(store.rows);
  const find = (what: string, stream: string, seqs: SeqRanges) => {
    if (seqs.length > 0) problems.push(`${what}: ${formatRanges(seqs)} of stream ${stream}`);
  };

  let [total, gone] = [0, 0];
  for (const stream of keysOf(accepted, outbox.assigned, outbox.gone, inStore, store.received, store.gone)) {
    const of = (books: ByStream) => books.get(stream) ?? NO_SEQS;
    const assigned = of(outbox.assigned);
    const everything = union(of(accepted), assigned);
    const ledger = union(of(outbox.gone), of(store.gone));
    const named = union(of(outbox.buried), ledger);
    const stored = of(inStore);
    total += countOf(everything);
    gone += countOf(ledger);
    // A stream whose last row has left is forgotten by the outbox; then only we remember it.
    if (outbox.assigned.has(stream)) {
      find('accepted, and the outbox knows nothing of it', stream, difference(of(accepted), assigned));
      find('stored, but never accepted', stream, difference(stored, assigned));
    }
    find('lost', stream, difference(everything, union(union(of(inOutbox), stored), named)));
    find('acknowledged, but not stored', stream, difference(of(outbox.acknowledged), union(stored, named)));
    find('called received, but not stored', stream, difference(of(store.received), stored));
    find('stored, but not called received', stream, difference(stored, of(store.received)));
  }

  const once = new Set<string>();
  let compared = 0;
  for (const entry of store.rows) {
    const name = nameOf(entry);
    if (once.has(name)) problems.push(`stored twice: ${name}`);
    once.add(name);
    const was = seen.get(name);
    if (was === undefined) continue;
    compared += 1;
    if (was !== entry.content) problems.push(`stored as "${entry.content}", was "${was}": ${name}`);
  }
  for (const entry of outbox.rows) {
    const was = seen.get(nameOf(entry));
    if (was !== undefined && was !== entry.content) {
      problems.push(`changed in the outbox to "${entry.content}", was "${was}": ${nameOf(entry)}`);
    }
  }
  if (outbox.check !== 'ok') problems.push(`the outbox is damaged: ${outbox.check}`);
  if (store.check !== 'ok') problems.push(`the store is damaged: ${store.check}`);

  return {
    problems: problems.slice(0, PROBLEMS_MAX),
    accepted: total,
    stored: once.size,
    buried: sum(outbox.buried),
    gone,
    compared,
  };
}

/** One mistake may show at thousands of readings. */
const PROBLEMS_MAX = 20;

/** Notes what these readings are now; what was noted before stays. */
export function remember(seen: Map<string, string>, rows: readonly Entry[]): void {
  for (const row of rows) {
    const name = nameOf(row);
    if (!seen.has(name)) seen.set(name, row.content);
  }
}

export function addRange(books: Map<string, SeqRanges>, stream: string, lo: number, hi: number): void {
  if (hi >= lo) books.set(stream, union(books.get(stream) ?? NO_SEQS, [[lo, hi]]));
}

function seqsByStream(rows: readonly Entry[]): ByStream {
  const seqs = new Map<string, number[]>();
  for (const { stream, seq } of rows) {
    const list = seqs.get(stream);
    if (list === undefined) seqs.set(stream, [seq]);
    else list.push(seq);
  }
  return new Map([...seqs].map(([stream, list]) => [stream, rangesOfSeqs(list.sort((a, b) => a - b))]));
}

function keysOf(...books: readonly ByStream[]): Set<string> {
  return new Set(books.flatMap((one) => [...one.keys()]));
}

function sum(books: ByStream): number {
  return [...books.values()].reduce((total, ranges) => total + countOf(ranges), 0);
}
