/** A batch with the names in it resolved, and what must be read of the store before it can be decided what is new. */

import { FLAG } from '../../reading.ts';
import { rangesOfSeqs, type SeqRanges, union } from '../../seq-ranges.ts';
import type { IncomingBatch } from '../readings-store.ts';
import type { RangeKey } from './range-book.ts';
import type { StreamRow } from './stream-rows.ts';

export interface ResolvedBatch {
  readonly batch: IncomingBatch;
  readonly stream: StreamRow;
  /** Series ids by index; `undefined`: there is no room for it. */
  readonly ids: readonly (number | undefined)[];
  /** By index. */
  readonly sources: readonly (StreamRow | undefined)[];
}

/** Every stream that these batches speak of, with a gateway for one that nobody has heard of. */
export function streamsOf(batches: readonly IncomingBatch[], ownStream: string) {
  const found = new Map<string, { readonly gateway: string }>();
  for (const { stream, sources, gateway } of batches)
    for (const name of [stream ?? ownStream, ...sources]) if (!found.has(name)) found.set(name, { gateway });
  return found;
}

type Asked = readonly [key: RangeKey, ranges: SeqRanges];

/** Which received ranges it touches. */
export function askedOf({ batch, stream }: ResolvedBatch): Asked {
  const seqs = rangesOfSeqs(batch.rows.map(([seq]) => seq));
  return [[stream.id], union(seqs, rangesOfSeqs(batch.refused.map(({ seq }) => seq)))];
}

export function goneOf({ batch, stream }: ResolvedBatch): Asked[] {
  return batch.gone.map(([lo, hi, cause]) => [[stream.id, cause], [[lo, hi]]]);
}

export interface Marks {
  /** Some reading is thinned, or has an untrusted time. */
  readonly any: boolean;
  /** What thinned readings stand for: seqs of their sources. */
  readonly sources: readonly Asked[];
  /** By source and series: what may have come as a thinned reading before. */
  readonly covered: readonly Asked[];
}

/** What marked readings ask for beyond what plain ones do; of plain ones only those that a thinned one may stand for. */
export function marksOf(all: readonly ResolvedBatch[]): Marks {
  const sources: Asked[] = [];
  const covered: Asked[] = [];
  const thinnedUpTo = new Map<number, number>();
  let any = false;
  for (const { batch, ids, sources: own } of all) {
    for (const [, index, , , flags = 0, detail] of batch.rows) {
      if (flags === 0) continue;
      if ((flags & FLAG.clockUntrusted) !== 0) any = true;
      const [id, source] = [ids[index], detail === undefined ? undefined : own[detail[6]]];
      if (detail === undefined || id === undefined || source === undefined) continue;
      any = true;
      const seqs: SeqRanges = [[detail[7], detail[8]]];
      sources.push([[source.id], seqs]);
      covered.push([[source.id, id], seqs]);
      thinnedUpTo.set(source.id, Math.max(thinnedUpTo.get(source.id) ?? 0, detail[8]));
    }
  }
  for (const { batch, ids, stream } of all) {
    const upTo = Math.max(stream.thinnedUpTo, thinnedUpTo.get(stream.id) ?? 0);
    if (upTo === 0) continue;
    for (const [seq, index, , , , detail] of batch.rows) {
      const id = ids[index];
      if (detail === undefined && id !== undefined && seq <= upTo)
        covered.push([[stream.id, id], [[seq, seq]]]);
    }
  }
  return { any, sources, covered };
}
