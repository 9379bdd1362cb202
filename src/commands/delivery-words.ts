/**
 * How delivery to a destination is going, in the words that `status`, `why` and `breaker show` share, so
 * that the three never tell different stories about one moment.
 */

import { isClosed, type Outage } from '../../lib/flow/outbox/outage.ts';
import type { BreakerRecord, OutcomeRecord } from '../../lib/flow/outbox/outbox.ts';
import type { DestinationStats, RollbackRecord } from '../../lib/flow/outbox/outbox-view.ts';
import { liveBacklog, type ProgramState } from './running.ts';
import { ageInWords } from './words.ts';

/** Rows of the last round are on their way; two rounds old, they wait. */
const ROUNDS_ON_THEIR_WAY = 2;

export interface Waiting {
  readonly rows: number;
  /** `undefined`: nothing waits, or nobody knows. */
  readonly oldestAt: number | undefined;
}

/**
 * What waits for a destination. Acknowledgements reach the file with the next round; until then the
 * running reader knows better, but only while all goes well: its health file is behind the appends.
 */
export function waitingFor(one: DestinationStats, reader: ProgramState): Waiting {
  const asked = reader.state === 'running' && isClosed(one.breaker);
  const rows = Math.min(
    one.rows,
    (asked ? liveBacklog(reader.health, one.destination) : undefined) ?? one.rows,
  );
  return { rows, oldestAt: rows === 0 ? undefined : one.oldestAt };
}

/** Whether what waits is no older than the rounds that are always just being delivered. */
export function isOnItsWay(
  { oldestAt }: Waiting,
  { nowMs, intervalMs }: { readonly nowMs: number; readonly intervalMs: number },
): boolean {
  // Either way: a reading of tomorrow, from a clock that was ahead, is not on its way.
  return oldestAt === undefined || Math.abs(nowMs - oldestAt) < ROUNDS_ON_THEIR_WAY * intervalMs;
}

/**
 * What needs a person although the breaker is closed, because the other side lives and answers: it is not
 * our write API, or it puts readings off. `undefined`: nothing.
 */
export function rebuffOf(breaker: BreakerRecord | undefined, outcome: OutcomeRecord | undefined) {
  if (!isClosed(breaker) || outcome === undefined || outcome.reason === '') return undefined;
  if (outcome.kind === 'misconfigured') return outcome.reason;
  return outcome.kind === 'stored' ? `some readings are ${outcome.reason}` : undefined;
}

/** `closed`, `open`, `half-open`, or that a person holds it. */
export function stateInWords(breaker: BreakerRecord | undefined): string {
  if (breaker?.held) return 'held open by a person';
  return nameOfState(breaker?.state ?? 'closed');
}

/** `half-open`, as people write it. */
export function nameOfState(state: BreakerRecord['state']): string {
  return state.replace('_', '-');
}

/** `open for 41 min (connect ECONNREFUSED), next try in 12 s`. */
export function breakerInWords(
  breaker: BreakerRecord | undefined,
  { outage, reader, nowMs }: { outage: Outage | undefined; reader: ProgramState; nowMs: number },
): string {
  const state = stateInWords(breaker);
  if (breaker === undefined || outage === undefined) return state;
  const because = breaker.reason && ` (${breaker.reason})`;
  if (breaker.held) return `${state} for ${ageInWords(nowMs - breaker.sinceAt)}${because}`;
  const age = `${outage.older ? 'more than ' : ''}${ageInWords(nowMs - outage.sinceAt)}`;
  return `${state} for ${age}${because}, next try ${nextTryInWords(breaker, { reader, nowMs })}`;
}

/** Old enough to have been heard of: what it tells is done with. */
const ROLLBACK_SAID_MS = 30 * 86_400_000;

/** What a person should know for a month: it explains readings that nobody here remembers. */
export function rollbacksInWords(rollbacks: readonly RollbackRecord[], nowMs: number): string[] {
  return rollbacks
    .filter(({ notedAt }) => nowMs - notedAt < ROLLBACK_SAID_MS)
    .map(
      ({ destination, stream, ours, theirs, notedAt }) =>
        `noticed ${ageInWords(nowMs - notedAt)} ago: this outbox was restored or cloned; ${destination} has stream ${stream} up to ${theirs}, and this file up to ${ours}. Nothing is lost by it, and new readings go on in a stream of their own.`,
    );
}

/** `in 12 s`, `now`, `under way`, `when the reader runs again`. */
export function nextTryInWords(
  { nextTryAt }: BreakerRecord,
  { reader, nowMs }: { readonly reader: ProgramState; readonly nowMs: number },
): string {
  if (reader.state !== 'running') return 'when the reader runs again';
  if (nextTryAt === null) return 'under way';
  return nextTryAt - nowMs >= 1_000 ? `in ${ageInWords(nextTryAt - nowMs)}` : 'now';
}
