/** A real ticket book on a file of its own, by a clock that the test moves; and findings to report. */

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openTicketBook, type TicketBookOptions } from '../../lib/ops/tickets/open-ticket-book.ts';
import type { Finding, TicketChangeKind } from '../../lib/ops/tickets/ticket.ts';
import type { TicketBook } from '../../lib/ops/tickets/ticket-book.ts';
import { tempDir } from './temp-dir.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export interface TicketRig {
  readonly file: string;
  readonly clock: VirtualClock;
  readonly book: TicketBook;
  /** One look that finds these, now. */
  find(...findings: readonly Partial<Finding>[]): void;
  /** These have been seen well, now. */
  recover(...keys: readonly string[]): void;
  /** The kinds of all changes so far, the oldest first. */
  changes(): TicketChangeKind[];
}

export function ticketRig(
  options: Partial<TicketBookOptions> & { readonly clock?: VirtualClock } = {},
): TicketRig {
  const clock = options.clock ?? createVirtualClock();
  const file = options.file ?? join(tempDir(), 'tickets.db');
  const book = openTicketBook({ bootId: () => 'boot-1', ...options, file, clock });
  onTestFinished(() => book.close());
  let looks = 0;
  return {
    file,
    clock,
    book,
    find(...findings) {
      looks += 1;
      book.report(findings.map(someFinding), `look-${looks}`, clock.wallMs());
    },
    recover: (...keys) => book.recovered(keys, clock.wallMs()),
    changes: () => book.changesAfter(0, 10_000).map(({ change }) => change),
  };
}

export function someFinding(more: Partial<Finding> = {}): Finding {
  return {
    key: 'sensor_silent:climate',
    invariant: 'sensor_silent',
    subject: 'climate',
    severity: 'warning',
    title: 'climate has given no reading for 4 min',
    hint: 'sensorctl sensors read climate',
    evidence: { silent_s: 240 },
    ...more,
  };
}
