/**
 * What a destination is sent next: rows that it has not acknowledged, of one stream, as many as the request may
 * carry. Rows that turn out to be damaged are set aside on the way, and the next ones are given.
 */

import { difference, intersection } from '../seq-ranges.ts';
import { type BatchTextOptions, type MadeBatch, prepareBatchText } from './batch-text.ts';
import type { Books, Commits } from './commits.ts';
import type { BatchPick, Outbox } from './outbox.ts';
import { type AtOf, candidates, endByTime, takeSeqs } from './pick-rows.ts';

export function createBatches(
  { database, streams, acknowledgements, clockBook }: Books,
  commits: Commits,
  atOf: AtOf,
  text: BatchTextOptions,
): Outbox['batch'] {
  const batchText = prepareBatchText(database, text);

  function make(destination: string, pick: BatchPick): MadeBatch | undefined {
    const unacknowledged = candidates(commits.present(), acknowledgements.of(destination), pick);
    const waiting = difference(unacknowledged, clockBook.held().seqs);
    const end = endByTime(waiting, pick.order, atOf);
    if (end === undefined) return undefined;
    const stream = streams.of(end);
    const ofStream = intersection(waiting, [[stream.firstSeq, stream.nextSeq - 1]]);
    let rowsMax = Math.max(1, pick.rowsMax);
    for (;;) {
      const made = batchText(stream.id, takeSeqs(ofStream, pick.order, rowsMax));
      if ('corrupt' in made) return made;
      const { rows, body } = made.batch;
      const bytes = Buffer.byteLength(body);
      if (bytes <= pick.bytesMax || rows === 1) return made;
      // Rows are of much the same size, so this is nearly always the last turn but one.
      rowsMax = Math.max(1, Math.min(rows - 1, Math.floor((rows * pick.bytesMax) / bytes)));
    }
  }

  return (destination, pick) => {
    for (;;) {
      const made = make(destination, pick);
      if (made === undefined) return undefined;
      if ('batch' in made) {
        clockBook.noteOffered(destination, made.batch.seqs);
        return made.batch;
      }
      commits.discard(made.corrupt);
    }
  };
}
