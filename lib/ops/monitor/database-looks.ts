/**
 * Looks at the two databases and at what lies in quarantine beside them. Each opens its file, reads one consistent
 * moment and closes it again: a connection that stayed would keep the log alive that a clean stop takes away.
 */

import { existsSync, statfsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { quarantined } from '../../base/quarantine-shelf.ts';
import { accountHistory } from '../../flow/outbox/account.ts';
import { forecastOf } from '../../flow/outbox/forecast.ts';
import { readOutboxExtent } from '../../flow/outbox/ledger-view.ts';
import { outageOf, TRANSITIONS_KEPT } from '../../flow/outbox/outage.ts';
import { openOutboxReadOnly } from '../../flow/outbox/outbox-view.ts';
import { paceOf } from '../../flow/outbox/pace.ts';
import { countOf, difference, formatRanges, normalized, type SeqRange } from '../../flow/seq-ranges.ts';
import { openStreamBooks } from '../../flow/write-api/store/stream-books.ts';
import type { AccountLook, DamagedLook, DeliveryLook, GapsLook, OutboxLook } from '../invariants/look.ts';

/** As configured. */
export interface OutboxBounds {
  readonly bytesMax: number;
  readonly diskReserve: number;
}

/** More openings than make a breaker flap, and few enough for evidence. */
const OPENINGS_MAX = 20;
/** Streams named in evidence. */
const RANGES_MAX = 10;

/** `undefined`: there is no outbox yet. Throws what `openDatabaseReadOnly` throws for one that cannot be read. */
export function lookAtOutbox(file: string, bounds: OutboxBounds): OutboxLook | undefined {
  if (!existsSync(file)) return undefined;
  const view = openOutboxReadOnly(file);
  try {
    const stats = view.stats();
    const transitions = view.breakerTransitions(TRANSITIONS_KEPT);
    const { bavail, bsize } = statfsSync(dirname(file));
    const pace = paceOf({
      stats,
      measures: view.measures(),
      bounds,
      diskFreeBytes: bavail * bsize,
      // What is drained lasts, whatever a round brings; so this is never asked for.
      usual: { readingsPerRound: 0, intervalMs: 1 },
      drainRowsPerSecond: () => undefined,
    });
    return {
      destinations: stats.destinations.map((one): DeliveryLook => {
        const { destination, breaker, outcome, rows, oldestAt } = one;
        const opened = transitions.filter(
          ({ destination: of, from, to }) => of === destination && from === 'closed' && to === 'open',
        );
        return {
          destination,
          breaker: breaker?.state ?? 'closed',
          held: breaker?.held ?? false,
          reason: breaker?.reason ?? '',
          brokenSinceAt: outageOf(one, transitions)?.sinceAt,
          openedAt: opened.slice(0, OPENINGS_MAX).map(({ at }) => at),
          outcome,
          rows,
          oldestAt,
        };
      }),
      deadLetters: stats.deadLetters,
      latestDeadLetter: view.deadLetters(1)[0]?.message,
      lastsMs: forecastOf(pace).lastsMs,
    };
  } finally {
    view.close();
  }
}

/**
 * What was accepted here, and is neither stored, nor in the outbox, nor in a ledger. Only of streams that this outbox
 * knows: what another gateway still has, its own monitor knows. `undefined`: there is nothing to compare.
 */
export function lookAtGaps(outboxFile: string, storeFile: string): GapsLook | undefined {
  if (!existsSync(outboxFile) || !existsSync(storeFile)) return undefined;
  // The outbox first: what is delivered between the two looks is then stored, and never missing.
  const outbox = readOutboxExtent(outboxFile);
  const books = openStreamBooks(storeFile);
  try {
    const stored = new Map(books.streams.map((one) => [one.stream, one]));
    const missing = outbox.streams.flatMap(({ stream, seqs }) => {
      const book = stored.get(stream);
      const told = outbox.gone.filter((one) => one.stream === stream);
      const accounted = normalized([
        ...outbox.present,
        ...(book?.received ?? []),
        ...(book?.gone ?? []).map(([lo, hi]): SeqRange => [lo, hi]),
        ...told.map(({ lo, hi }): SeqRange => [lo, hi]),
      ]);
      const left = difference([seqs], accounted);
      return left.length === 0 ? [] : [{ stream, left }];
    });
    return {
      unexplained: missing.reduce((sum, { left }) => sum + countOf(left), 0),
      ranges: missing.slice(0, RANGES_MAX).map(({ stream, left }) => `${formatRanges(left)} of ${stream}`),
    };
  } finally {
    books.close();
  }
}

/** What the outbox remembers of earlier runs. */
export function lookAtAccount(file: string): AccountLook {
  return accountHistory(file);
}

/** Damaged files that were put aside, of each of these databases. */
export function lookAtShelf(files: readonly string[]): readonly DamagedLook[] {
  return files.flatMap((file) =>
    quarantined(file).map(({ dir, reason, at, state }) => ({ file: basename(file), dir, reason, at, state })),
  );
}
