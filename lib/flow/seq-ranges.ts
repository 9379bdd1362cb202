/**
 * A sorted set of closed ranges `[lo, hi]` of sequence numbers. The outbox keeps one per destination
 * (acknowledged), the store one per stream (received), and the gap between the two is the ledger: so
 * deduplication is a set difference, and neither side needs an index over single rows.
 *
 * Values are immutable, sorted, disjoint and never adjacent (`[1,2][3,4]` is `[1,4]`); the operations
 * run in the number of ranges, never in the number of members.
 */

export type SeqRange = readonly [lo: number, hi: number];
export type SeqRanges = readonly SeqRange[];

export const NO_SEQS: SeqRanges = [];

/** The set of these members, in any order, with or without repetitions. */
export function rangesOfSeqs(seqs: Iterable<number>): SeqRanges {
  // They mostly come ascending and without holes: then this is one range, and nothing is left to sort.
  const runs: [number, number][] = [];
  for (const seq of seqs) {
    const last = runs.at(-1);
    if (last !== undefined && seq === last[1] + 1) last[1] = seq;
    else runs.push([seq, seq]);
  }
  return normalized(runs);
}

/** The canonical form of any closed ranges: sorted, overlapping and adjacent ones joined. */
export function normalized(ranges: readonly SeqRange[]): SeqRanges {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [lo, hi] of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && lo <= last[1] + 1) last[1] = Math.max(last[1], hi);
    else joined.push([lo, hi]);
  }
  return joined;
}

/** The seqs in `a` or in `b`. */
export function union(a: SeqRanges, b: SeqRanges): SeqRanges {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return normalized([...a, ...b]);
}

/** The seqs in `a` but not in `b`. */
export function difference(a: SeqRanges, b: SeqRanges): SeqRanges {
  const rest: SeqRange[] = [];
  let next = 0; // The first range of b that may still touch what follows.
  for (const [lo, hi] of a) {
    let from = lo;
    while (next < b.length && (b[next] as SeqRange)[1] < from) next += 1;
    for (let i = next; i < b.length && from <= hi; i += 1) {
      const [cutLo, cutHi] = b[i] as SeqRange;
      if (cutLo > hi) break;
      if (cutLo > from) rest.push([from, cutLo - 1]);
      from = cutHi + 1;
    }
    if (from <= hi) rest.push([from, hi]);
  }
  return rest;
}

/** The seqs in both. */
export function intersection(a: SeqRanges, b: SeqRanges): SeqRanges {
  const both: SeqRange[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [aLo, aHi] = a[i] as SeqRange;
    const [bLo, bHi] = b[j] as SeqRange;
    const lo = Math.max(aLo, bLo);
    const hi = Math.min(aHi, bHi);
    if (lo <= hi) both.push([lo, hi]);
    if (aHi < bHi) i += 1;
    else j += 1;
  }
  return both;
}

/** Whether `seq` is a member. Binary search. */
export function contains(ranges: SeqRanges, seq: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const [lo, hi] = ranges[middle] as SeqRange;
    if (seq < lo) high = middle - 1;
    else if (seq > hi) low = middle + 1;
    else return true;
  }
  return false;
}

/** How many seqs are in it. */
export function countOf(ranges: SeqRanges): number {
  return ranges.reduce((sum, [lo, hi]) => sum + hi - lo + 1, 0);
}

/** Every member, ascending. Only for sets known to be small. */
export function* seqsOf(ranges: SeqRanges): Generator<number> {
  for (const [lo, hi] of ranges) for (let seq = lo; seq <= hi; seq += 1) yield seq;
}

/** For people: `1-5, 9, 12-20`. */
export function formatRanges(ranges: SeqRanges): string {
  return ranges.map(([lo, hi]) => (lo === hi ? `${lo}` : `${lo}-${hi}`)).join(', ');
}
