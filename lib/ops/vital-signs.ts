/**
 * The few numbers that answer "is it OK?", gathered from the stream of flow events: for the status line
 * of the unit and for the health file. Nothing here is the truth about a reading; that is the database.
 */

import type { BreakerState, BreakerStatus } from '../base/breaker.ts';
import type { FlowEvent, Observe } from '../flow/flow-event.ts';

/** How a destination stands now; asked for, because a breaker that starts open, or held, is no event. */
export interface Standing {
  readonly name: string;
  readonly breaker: Pick<BreakerStatus, 'state' | 'held'>;
  readonly backlog: { readonly rows: number };
}

export interface VitalSigns {
  readonly observe: Observe;

  /** `closed, 5/5 sensors, backlog 0, last stored 4 s ago`: what a person wants to know first. */
  statusLine(destinations: readonly Standing[]): string;

  /** The same and a little more, as data. */
  snapshot(destinations: readonly Standing[]): Readonly<Record<string, unknown>>;
}

export function createVitalSigns(monotonicMs: () => number): VitalSigns {
  const startedMono = monotonicMs();
  const counts = {
    rounds: 0,
    rounds_skipped: 0,
    readings: 0,
    append_failures: 0,
    /** Rows that became fewer because the outbox was full. */
    thinned: 0,
    /** Given up undelivered because the outbox was full. */
    shed: 0,
    /** Lost because neither the disk nor memory took them. */
    dropped: 0,
    stored: 0,
    duplicate: 0,
    buried: 0,
  };
  const transitions = { opened: 0, half_opened: 0, closed: 0 };
  let sources = { ok: 0, failed: 0 };
  /** In memory, because the disk does not take them. */
  let held = 0;
  let storedMono: number | undefined;
  let intervalMs: number | undefined;

  const secondsSince = (mono: number) => Math.max(0, Math.round((monotonicMs() - mono) / 1_000));

  return {
    observe(event: FlowEvent) {
      switch (event.type) {
        case 'round.sampled':
          counts.rounds += 1;
          sources = { ok: event.sourcesOk, failed: event.sourcesFailed };
          break;
        case 'round.skipped':
          counts.rounds_skipped += event.rounds;
          break;
        case 'sampling.paced':
          intervalMs = event.intervalMs;
          break;
        case 'outbox.appended':
          counts.readings += event.hi - event.lo + 1;
          break;
        case 'outbox.append_failed':
          counts.append_failures += 1;
          break;
        case 'outbox.held':
          held = event.held;
          break;
        case 'outbox.released':
          held = 0;
          break;
        case 'reading.dropped':
          counts.dropped += event.readings;
          break;
        case 'reading.thinned':
          counts.thinned += event.rows;
          break;
        case 'reading.shed':
          counts.shed += event.hi - event.lo + 1;
          break;
        case 'letter.shed':
          counts.shed += event.letters;
          break;
        case 'batch.delivered':
          counts.stored += event.stored;
          counts.duplicate += event.duplicate;
          if (event.outcome === 'stored') storedMono = monotonicMs();
          break;
        case 'reading.buried':
          counts.buried += 1;
          break;
        case 'breaker.opened':
          transitions.opened += 1;
          break;
        case 'breaker.half_opened':
          transitions.half_opened += 1;
          break;
        case 'breaker.closed':
          transitions.closed += 1;
          break;
        default:
          break; // The other events are for the log.
      }
    },
    statusLine(destinations) {
      // A destination that is up to date must not hide one that is not.
      const backlogRows = Math.max(0, ...destinations.map(({ backlog }) => backlog.rows));
      const stored =
        storedMono === undefined ? 'nothing stored yet' : `last stored ${secondsSince(storedMono)} s ago`;
      const disk = held === 0 ? '' : `DISK FAILING: ${held} readings only in memory, `;
      const shed = counts.shed === 0 ? '' : `, ${counts.shed} shed`;
      const thinned = counts.thinned === 0 ? '' : `, ${counts.thinned} thinned`;
      return `${disk}${breakerWords(destinations)}, ${sources.ok}/${sources.ok + sources.failed} sensors, backlog ${backlogRows}${thinned}${shed}, ${stored}`;
    },
    snapshot: (destinations) => ({
      breaker: worstBreaker(destinations),
      breakers: Object.fromEntries(destinations.map(({ name, breaker }) => [name, breaker.state])),
      breaker_transitions: { ...transitions },
      sources,
      counts,
      held,
      uptime_s: secondsSince(startedMono),
      last_stored_s_ago: storedMono === undefined ? null : secondsSince(storedMono),
      ...(intervalMs === undefined ? {} : { sampling_interval_ms: intervalMs }),
    }),
  };
}

/** The worst state of all destinations: one that is open must not hide behind one that is closed. */
function worstBreaker(destinations: readonly Standing[]): BreakerState {
  const states = destinations.map(({ breaker }) => breaker.state);
  return (
    states.find((state) => state === 'open') ?? states.find((state) => state === 'half_open') ?? 'closed'
  );
}

/** Open because it fails is worse than open because somebody wants it so. */
function breakerWords(destinations: readonly Standing[]): string {
  const open = destinations.filter(({ breaker }) => breaker.state === 'open');
  const isWanted = open.length > 0 && open.every(({ breaker }) => breaker.held);
  return isWanted ? 'open (held)' : worstBreaker(destinations);
}
