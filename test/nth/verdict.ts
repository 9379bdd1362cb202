/** What must hold once the faults are over and everything has come to rest: sentences about what does not. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RAW } from '../../lib/flow/outbox/tiers.ts';
import {
  difference,
  formatRanges,
  intersection,
  NO_SEQS,
  rangesOfSeqs,
  union,
} from '../../lib/flow/seq-ranges.ts';
import { openStoreReadOnly } from '../../lib/flow/write-api/store/sqlite-reader.ts';
import { audit } from '../crash/audit.ts';
import { type ByStream, type Entry, outboxBooks, type StoreBooks, storeBooks } from '../crash/books.ts';
import { isFilled, type Known } from './known.ts';

/** Reads the files of `dir`, which nobody has open. `accepted`: what `append` has said to be kept, in any life. */
export async function wrongIn(dir: string, accepted: ByStream, known: Known): Promise<string[]> {
  const outbox = outboxBooks(dir);
  const store = storeBooks(dir);
  const problems = [
    ...audit({
      accepted: rawSeqs(accepted),
      seen: known.seen,
      outbox: {
        ...outbox,
        rows: rawRows(outbox.rows),
        assigned: rawSeqs(outbox.assigned),
        acknowledged: rawSeqs(outbox.acknowledged),
      },
      store: { ...store, rows: rawRows(store.rows), received: rawSeqs(store.received) },
    }).problems,
  ];
  // Nothing waits any more, so whatever was accepted is in the store, or the store has been told why not.
  for (const [stream, seqs] of together(accepted, outbox.assigned)) {
    const told = union(store.received.get(stream) ?? NO_SEQS, store.gone.get(stream) ?? NO_SEQS);
    const named = union(told, outbox.buried.get(stream) ?? NO_SEQS);
    const missing = difference(seqs, named);
    if (missing.length > 0)
      problems.push(`a gap that nobody explains: ${formatRanges(missing)} of ${stream}`);
  }
  for (const [stream, acknowledged] of outbox.acknowledged) {
    const rows = outbox.rows.filter((row) => row.stream === stream).map(({ seq }) => seq);
    const waiting = difference(rangesOfSeqs(rows), acknowledged);
    if (waiting.length > 0) problems.push(`still waits: ${formatRanges(waiting)} of ${stream}`);
  }
  problems.push(...twins(store));
  problems.push(...litter(dir));
  const counted = await countedIn(dir);
  if (counted !== known.counted)
    problems.push(`${counted} of ${known.counted} readings of before are counted in the store`);
  return problems;
}

/**
 * Readings as they were measured. One that stands for others has no row of its own in the store if these others have
 * all arrived before it: `counted` holds those.
 */
const rawSeqs = (books: ByStream): ByStream =>
  new Map([...books].map(([stream, seqs]) => [stream, intersection(seqs, [RAW.space])]));
const rawRows = (rows: readonly Entry[]) => rows.filter(({ seq }) => seq <= RAW.space[1]);

function together(one: ByStream, other: ByStream): ByStream {
  return new Map(
    [...new Set([...one.keys(), ...other.keys()])].map((stream) => [
      stream,
      union(one.get(stream) ?? NO_SEQS, other.get(stream) ?? NO_SEQS),
    ]),
  );
}

/** How many of the readings of `fill` the store has, in whatever form: a mean counts as what it stands for. */
async function countedIn(dir: string): Promise<number> {
  const reader = openStoreReadOnly(join(dir, 'store.db'));
  try {
    let count = 0;
    for await (const { sensor, thinned } of reader.readings({ sinceAt: 0 }))
      if (isFilled(sensor)) count += thinned?.count ?? 1;
    return count;
  } finally {
    await reader.close();
  }
}

/** A reading that was written down twice, under two names: a series has one value at a time. */
function twins({ rows }: StoreBooks): string[] {
  const names = new Map<string, string>();
  return rawRows(rows).flatMap(({ stream, seq, content }) => {
    const [sensor, metric, , at] = content.split(' ');
    const moment = `${sensor} ${metric} at ${at}`;
    const name = `${stream} ${seq}`;
    const twin = names.get(moment);
    names.set(moment, name);
    return twin === undefined ? [] : [`stored under two names: ${moment}, as ${twin} and as ${name}`];
  });
}

/** What a part that was cut off leaves behind, for ever, if nobody tidies it up. */
function litter(dir: string): string[] {
  const names = existsSync(dir) ? readdirSync(dir) : [];
  return names
    .filter((name) => /\.(?:part|tmp|suspect)$|-journal$|-wal$/.test(name))
    .map((name) => `left behind: ${join(dir, name)}`);
}
