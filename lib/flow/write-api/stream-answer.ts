/** What a store tells of a stream, put together from its lists of ranges: in parts whose size is bounded. */

import type { GoneCause, StreamAnswer } from '../reading.ts';
import { difference, intersection, type SeqRange, type SeqRanges, union } from '../seq-ranges.ts';

/** Ranges of each kind in one answer: 60 KiB of JSON at worst. A stream without trouble has one range. */
export const RANGES_TOLD_MAX = 1_000;

export interface StreamLists {
  readonly stream: string;
  readonly gateway: string;
  /** The first seq that is asked for. */
  readonly from: number;
  readonly highest: number | undefined;
  /** Each list from `from` on, at most `RANGES_TOLD_MAX` of it. */
  readonly received: SeqRanges;
  readonly gone: readonly (readonly [GoneCause, SeqRanges])[];
}

export function streamAnswer({ stream, gateway, from, highest, received, gone }: StreamLists): StreamAnswer {
  const lists = [received, ...gone.map(([, ranges]) => ranges)];
  // All lists end where the first full one does: beyond it we have not looked at everything.
  const full = lists.filter((list) => list.length === RANGES_TOLD_MAX);
  const told = Math.min(...full.map((list) => (list.at(-1) as SeqRange)[1]));
  const within: SeqRanges = [[from, Math.min(told, Number.MAX_SAFE_INTEGER)]];
  const have = intersection(received, within);

  let settled = have;
  const goneNow: StreamAnswer['gone'] = [];
  for (const [cause, ranges] of gone) {
    const declared = intersection(ranges, within);
    for (const [lo, hi] of difference(declared, settled)) goneNow.push([lo, hi, cause]);
    settled = union(settled, declared);
  }
  return {
    stream,
    gateway,
    received: have.map(([lo, hi]) => [lo, hi]),
    gone: goneNow.sort((a, b) => a[0] - b[0]),
    ...(highest === undefined ? {} : { highest }),
    ...(full.length > 0 && told < Number.MAX_SAFE_INTEGER ? { next: told + 1 } : {}),
  };
}
