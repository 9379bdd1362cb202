/**
 * The watch: look, check, report, again and again, by monotonic time. What is found goes to the ticket book in one
 * transaction; what the disk does not take now is said with the next look, also if it is over by then. Nothing here can
 * stop a reading.
 */

import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import type { Checked, Engine, Recovery } from '../invariants/engine.ts';
import { isPassing } from '../passing-trouble.ts';
import { type Severity, TICKET_STATES, type Ticket } from '../tickets/ticket.ts';
import type { TicketBook } from '../tickets/ticket-book.ts';
import { LOOK_TURN_MAX_MS, type Looker } from './looker.ts';
import { createUnwritten } from './unwritten.ts';

export interface WatchDeps {
  readonly looker: Looker;
  readonly engine: Engine;
  readonly book: Pick<TicketBook, 'report' | 'recovered' | 'list'>;
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly everyMs: number;
  /** After each look, for whoever goes by the history of the book. */
  readonly onChecked: () => void;
  /** The book does not take what was found: said once, until it does. */
  readonly onRefused: (reason: string) => void;
}

export interface WatchStatus {
  readonly looks: number;
  /** When the last look was, wall time, and how long it took. */
  readonly lastAt: number | undefined;
  readonly lastMs: number | undefined;
  /** Keys that were broken in it, said or not yet. */
  readonly broken: readonly string[];
  readonly unanswered: readonly string[];
  /** As the book had them after it was told; `undefined` by severity while it does not answer. */
  readonly openTickets: number;
  readonly bySeverity: Readonly<Record<Severity, number>> | undefined;
}

export interface Watch extends Loop {
  status(): WatchStatus;
}

/** More open tickets than anybody reads; what is beyond is looked after when some of them are resolved. */
const TICKETS_MAX = 1_000;
/** Besides the look: a transaction of the book, on a slow card. */
const BOOK_MAX_MS = 10_000;
/** In the health file, for people. */
const BROKEN_SHOWN_MAX = 50;

const UNRESOLVED = TICKET_STATES.filter((state) => state !== 'resolved');

export function createWatch(deps: WatchDeps): Watch {
  const { looker, engine, book, clock, pulse, everyMs } = deps;
  let status: WatchStatus = {
    looks: 0,
    lastAt: undefined,
    lastMs: undefined,
    broken: [],
    unanswered: [],
    openTickets: 0,
    bySeverity: undefined,
  };
  let refused = false;
  const unwritten = createUnwritten();
  /** As the book last said. */
  let lastOpen: readonly Ticket[] = [];

  const unresolved = () => book.list({ states: UNRESOLVED, limit: TICKETS_MAX });

  /** `undefined` while the disk does not let the book answer. */
  function told<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (!refused) deps.onRefused(messageOf(error));
      refused = true;
      return undefined;
    }
  }

  function report({ findings: found, recovered }: Checked, at: number): void {
    const findings = unwritten.with(found);
    if (findings.length > 0) book.report(findings, new Date(at).toISOString(), at);
    for (const [reason, keys] of byReason(recovered)) book.recovered(keys, at, reason);
    // Also when nothing has: tickets that flapped wait for time to pass.
    if (recovered.length === 0) book.recovered([], at);
    unwritten.clear();
    refused = false;
  }

  async function turn(stopping: AbortSignal): Promise<number> {
    const beganMono = clock.monotonicMs();
    const look = await looker.take(stopping);
    // A look that was broken off would take what it has not seen for unknown, and tell nothing.
    if (stopping.aborted) return beganMono + everyMs;
    const open = told(unresolved) ?? lastOpen;
    const checked = engine.check(look, open);
    const written = told(() => {
      report(checked, look.at);
      return unresolved();
    });
    if (written === undefined) unwritten.keep(checked.findings, look.at);
    lastOpen = written ?? open;
    status = {
      looks: status.looks + 1,
      lastAt: look.at,
      lastMs: Math.round(clock.monotonicMs() - beganMono),
      broken: checked.broken.slice(0, BROKEN_SHOWN_MAX),
      unanswered: look.unanswered.map(({ part }) => part),
      openTickets: lastOpen.length,
      bySeverity: written && countBySeverity(written),
    };
    deps.onChecked();
    return beganMono + everyMs;
  }

  const loop = createLoop({
    name: 'watch',
    clock,
    pulse,
    turnMaxMs: LOOK_TURN_MAX_MS + BOOK_MAX_MS,
    turn,
  });
  return { ...loop, status: () => status };
}

function countBySeverity(open: readonly Pick<Ticket, 'severity'>[]): Readonly<Record<Severity, number>> {
  const counts: Record<Severity, number> = { info: 0, warning: 0, critical: 0 };
  for (const { severity } of open) counts[severity] += 1;
  return counts;
}

function byReason(recovered: readonly Recovery[]): ReadonlyMap<string, readonly string[]> {
  const keys = new Map<string, string[]>();
  for (const { key, reason } of recovered) keys.set(reason, [...(keys.get(reason) ?? []), key]);
  return keys;
}
