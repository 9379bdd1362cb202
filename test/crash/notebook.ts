/** What the writer (outbox-writer.ts) has noted, held against what is left of its outbox. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { difference, NO_SEQS, rangesOfSeqs, type SeqRanges, union } from '../../lib/flow/seq-ranges.ts';
import { contentOf, outboxBooks } from './books.ts';
import { numberedReading } from './numbered-readings.ts';

export interface Notes {
  readonly accepted: SeqRanges;
  /** Accepted, and acknowledged since: they may be there or not. */
  readonly released: SeqRanges;
}

export interface Leftovers {
  readonly rows: SeqRanges;
  /** Rows that are not what was appended. */
  readonly wrong: readonly string[];
  /** The highest seq that the file counts as assigned: none may be assigned twice. */
  readonly assignedTo: number;
  readonly check: string;
}

/** A half written last line was never a promise. */
export function readNotes(file: string): Notes {
  let [accepted, released] = [NO_SEQS, NO_SEQS];
  if (!existsSync(file)) return { accepted, released };
  for (const [, sign, lo, hi] of readFileSync(file, 'utf8').matchAll(/^([+-]) (\d+) (\d+)\n/gm)) {
    const range: SeqRanges = [[Number(lo), Number(hi)]];
    if (sign === '+') accepted = union(accepted, range);
    else released = union(released, range);
  }
  return { accepted, released };
}

/** Takes an outbox that nobody has open. */
export function leftoversOf(file: string): Leftovers {
  const { rows, assigned, check } = outboxBooks(dirname(file));
  return {
    rows: rangesOfSeqs(rows.map(({ seq }) => seq)),
    wrong: rows
      .filter(({ seq, content }) => content !== contentOf(numberedReading(seq)))
      .map(({ seq, content }) => `${seq} is "${content}"`),
    assignedTo: Math.max(0, ...[...assigned.values()].flat().map(([, hi]) => hi)),
    check,
  };
}

/** What was accepted, may not have left, and is not there. */
export function lostOf({ accepted, released }: Notes, { rows }: Leftovers): SeqRanges {
  return difference(difference(accepted, released), rows);
}
