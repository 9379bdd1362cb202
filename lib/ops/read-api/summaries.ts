/** Walks over what the store has of a series in a span of time, in pages, from the widest source that tells of it. */

import type {
  AskStore,
  Held,
  Position,
  ReadingRow,
  Summary,
} from '../../flow/write-api/store/store-looks.ts';
import { summaryOfReading } from '../../flow/write-api/store/summary.ts';
import { LOOK_ROWS_MAX } from './limits.ts';
import { type Source, type Span, type Stretch, stretchesOf } from './stretches.ts';

/** Streams and seqs begin at 1, so this lies just before the first reading of that moment. */
export function justBefore(at: number): Position {
  return { at, stream: 0, seq: 0 };
}

/** In pages, in the order of time. */
export async function* readingsOf(
  ask: AskStore,
  id: number,
  { fromAt, untilAt }: Span,
): AsyncGenerator<readonly ReadingRow[]> {
  let after: Position | undefined = justBefore(fromAt);
  while (after !== undefined) {
    const { rows, next }: { rows: readonly ReadingRow[]; next?: Position } = await ask('rows', {
      id,
      after,
      untilAt,
      limit: LOOK_ROWS_MAX,
    });
    yield rows;
    after = next;
  }
}

async function* rollupsOf(ask: AskStore, id: number, stretch: Stretch & { readonly source: number }) {
  const { source: level, untilAt } = stretch;
  let fromAt: number | undefined = stretch.fromAt;
  while (fromAt !== undefined) {
    const page: { summaries: readonly Summary[]; nextAt?: number } = await ask('rollups', {
      id,
      level,
      fromAt,
      untilAt,
      limit: LOOK_ROWS_MAX,
    });
    yield page.summaries;
    fromAt = page.nextAt;
  }
}

/** In pages, in the order of time; each reading is in one summary. */
export async function* summariesOf(
  ask: AskStore,
  id: number,
  span: Span,
  { top, held }: { readonly top: Source; readonly held: Held },
): AsyncGenerator<readonly Summary[]> {
  for (const stretch of stretchesOf(span, top, held.unrolled.get(id))) {
    const { source } = stretch;
    if (source === 'raw') {
      for await (const rows of readingsOf(ask, id, stretch)) yield rows.map(summaryOfReading);
    } else {
      yield* rollupsOf(ask, id, { ...stretch, source });
    }
  }
}
