/** What a reader's log, at level debug, says about its deliveries: for tests that watch one from outside. */

import type { ChildProgram, Line } from './child-program.ts';
import { isAppended, isEvent } from './gateway.ts';

const isDelivered = isEvent('batch.delivered');
const isBackfill = (line: Line) => line.lane === 'backfill';
const isOpened = isEvent('breaker.opened');
const isClosed = isEvent('breaker.closed');

/** Resolves when a statement about all lines so far has become true. */
export function until(program: ChildProgram, holds: () => boolean): Promise<void> {
  return program.count((line) => line === program.lines.at(-1) && holds(), 1);
}

/** The lines about one destination, and those about none. */
export function about(lines: readonly Line[], destination: string): Line[] {
  return lines.filter((line) => line.destination === undefined || line.destination === destination);
}

/** Whether everything accepted so far has been stored or buried, at this one destination. */
export function nothingWaits(lines: readonly Line[]): boolean {
  const accepted = Math.max(0, ...lines.filter(isAppended).map((line) => Number(line.hi)));
  const stored = lines
    .filter((line) => isDelivered(line) && line.outcome === 'stored')
    .reduce((sum, line) => sum + Number(line.stored) + Number(line.duplicate), 0);
  return stored + lines.filter(isEvent('reading.buried')).length >= accepted;
}

/**
 * For each round, how many batches of the backlog were answered between its append and its own delivery by
 * the live lane; `Infinity` if that never came. Order, not time, so that a busy machine changes nothing. The
 * last round, which may still be on its way, is left out.
 */
export function batchesBeforeFresh(lines: readonly Line[]): number[] {
  const appended = lines.flatMap((line, at) => (isAppended(line) ? [at] : []));
  return appended.slice(0, -1).map((at) => {
    const rest = lines.slice(at).filter(isDelivered);
    const own = rest.findIndex((line) => line.lane === 'live' && line.outcome === 'stored');
    return own === -1 ? Number.POSITIVE_INFINITY : rest.slice(0, own).filter(isBackfill).length;
  });
}

export interface Outage {
  /** Failures in a row that opened the breaker, as it counted them. */
  readonly failuresToOpen: number;
  /** Attempts that failed, from the last delivery before it opened to its closing. */
  readonly failures: number;
  readonly probes: number;
  /** Deliveries between opening and closing: each of them should have closed it. */
  readonly successesWhileOpen: number;
}

/** The first outage, from the last successful delivery to the breaker's closing; `undefined` if there was none. */
export function firstOutage(lines: readonly Line[]): Outage | undefined {
  const openedAt = lines.findIndex(isOpened);
  const closedAt = lines.findIndex(isClosed);
  if (openedAt === -1 || closedAt === -1) return undefined;
  const healthy = (line: Line) => isDelivered(line) && line.outcome !== 'unavailable';
  const beganAt = lines.slice(0, openedAt).findLastIndex(healthy) + 1;
  const during = lines.slice(beganAt, closedAt);
  return {
    failuresToOpen: Number(lines[openedAt]?.failures),
    failures: during.filter((line) => isDelivered(line) && line.outcome === 'unavailable').length,
    probes: during.filter(isEvent('breaker.half_opened')).length,
    successesWhileOpen: lines.slice(openedAt, closedAt).filter(healthy).length,
  };
}
