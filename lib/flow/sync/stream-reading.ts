/**
 * What a destination says that it has of a stream, read page by page, and what is different from what is
 * believed here. Looks only; what follows is the outbox's affair.
 */

import type { Run } from '../outbox/comparing.ts';
import {
  difference,
  intersection,
  NO_SEQS,
  normalized,
  type SeqRange,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import type { HttpDelivery } from './deliver.ts';

export interface StreamThere {
  readonly received: SeqRanges;
  readonly gone: SeqRanges;
  /** All that has been told: up to a page that was not read any more. */
  readonly told: SeqRange;
  /** The highest seq received; 0 if there is none. */
  readonly highest: number;
}

export interface StreamDifference {
  /** Acknowledged here, and neither received nor gone there. */
  readonly missing: SeqRanges;
  /** Received there, assigned here, and not acknowledged here. */
  readonly ahead: SeqRanges;
  /** Above all that was assigned here, up to the highest received there: neither received nor gone. */
  readonly lacking: SeqRanges;
}

export interface ReadingOptions {
  readonly from: number;
  /** Of each page. */
  readonly deadlineMs: number;
  readonly pagesMax: number;
  readonly stopping?: AbortSignal;
}

/** The reason, in words, if a page cannot be had. */
export async function readStreamThere(
  { readStream }: Pick<HttpDelivery, 'readStream'>,
  stream: string,
  { from, deadlineMs, pagesMax, stopping }: ReadingOptions,
): Promise<StreamThere | string> {
  let received: SeqRanges = NO_SEQS;
  let gone: SeqRanges = NO_SEQS;
  let highest = 0;
  let page = from;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const read = await readStream(stream, deadlineMs, page, stopping);
    if (read.kind === 'failed') return read.reason;
    const { answer } = read;
    received = union(received, normalized(answer.received));
    gone = union(gone, normalized(answer.gone.map(([lo, hi]): SeqRange => [lo, hi])));
    highest = Math.max(highest, answer.highest ?? 0);
    // A store that does not move on would keep us here for ever.
    if (answer.next === undefined || answer.next <= page) {
      return { received, gone, told: [from, Number.MAX_SAFE_INTEGER], highest };
    }
    page = answer.next;
  }
  return { received, gone, told: [from, page - 1], highest };
}

/** `assigned` is as of after the reading, what was acknowledged as of before: so nothing under way looks wrong. */
export function differenceFrom(
  { stream: _, seqs, acknowledged, gone }: Run,
  there: StreamThere,
  assigned: SeqRange = seqs,
): StreamDifference {
  const explained = union(there.received, union(there.gone, gone));
  const above: SeqRanges = there.highest > assigned[1] ? [[assigned[1] + 1, there.highest]] : NO_SEQS;
  return {
    missing: difference(intersection(acknowledged, [there.told]), explained),
    ahead: difference(intersection(there.received, [assigned]), union(acknowledged, gone)),
    lacking: difference(intersection(above, [there.told]), explained),
  };
}
