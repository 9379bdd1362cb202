/** What power cuts have done to an outbox, cut after cut: its notes held against what the disk still has. */

import { rmSync } from 'node:fs';
import { countOf, formatRanges } from '../../lib/flow/seq-ranges.ts';
import { leftoversOf, lostOf, readNotes } from './notebook.ts';

export interface CutFindings {
  /** Readings acknowledged in all. */
  accepted: number;
  /** Sentences, one a cut; none if the promise was kept. */
  readonly lost: string[];
  readonly wrong: string[];
  readonly damaged: string[];
  /** Cuts after which a seq could have been assigned twice. */
  readonly reassigned: number[];
}

export function noFindings(): CutFindings {
  return { accepted: 0, lost: [], wrong: [], damaged: [], reassigned: [] };
}

/** Takes an outbox that nobody has open, and what its writer (outbox-writer.ts) had noted when the power went. */
export function addFindings(found: CutFindings, cut: number, file: string, notes: string): void {
  const noted = readNotes(notes);
  const leftovers = leftoversOf(file);
  const lost = lostOf(noted, leftovers);
  const acceptedTo = noted.accepted.at(-1)?.[1] ?? 0;
  found.accepted = Math.max(found.accepted, acceptedTo);
  if (lost.length > 0) found.lost.push(`cut ${cut}: ${countOf(lost)} lost, ${formatRanges(lost)}`);
  if (leftovers.assignedTo < acceptedTo) found.reassigned.push(cut);
  if (leftovers.check !== 'ok') found.damaged.push(`cut ${cut}: ${leftovers.check}`);
  found.wrong.push(...leftovers.wrong.slice(0, 3));
  // Told once: what a twin has lost would otherwise be counted, and partly be written again, from now on.
  if (lost.length > 0) rmSync(notes);
}
