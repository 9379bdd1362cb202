/**
 * Samples more slowly while nobody takes the readings: what waits in the outbox then covers a longer
 * outage in the same space. Fed with the flow's events, it says which interval is wanted.
 *
 * States: `flowing` (base interval) and `slowed` (the ladder's step, never faster than the base).
 * flowing -> slowed when the last destination with a closed breaker loses it. slowed -> flowing on the
 * first stored acknowledgement of a probed destination, with a fresh round at once. A breaker that
 * closes without one (the API refused or did not know us) proves it alive, not that it stores.
 */

import type { BreakerState, FlowEvent } from '../flow-event.ts';

export interface BackpressureOptions {
  readonly baseMs: number;
  /** The ladder of pauses that the breakers follow. */
  readonly stepsMs: readonly number[];
  /** `keep` samples on at the base interval, whatever happens. */
  readonly mode: 'slow' | 'keep';
  /** Every destination there is: one that has never failed counts as closed. */
  readonly destinations: readonly string[];
  /** Called when the wanted interval changes. */
  readonly onPace: (intervalMs: number, reason: string) => void;
  /** Called after the return to the base interval: take a round now instead of at its next slot. */
  readonly onFresh: () => void;
}

export interface Backpressure {
  /** Takes every flow event; those that say nothing about delivery are ignored. */
  observe(event: FlowEvent): void;
  /** The sampling interval wanted now. */
  intervalMs(): number;
}

interface DestinationState {
  readonly breaker: BreakerState;
  readonly step: number;
}

export function createBackpressure(options: BackpressureOptions): Backpressure {
  const { baseMs, stepsMs, mode, onPace, onFresh } = options;
  const states = new Map<string, DestinationState>(
    options.destinations.map((name) => [name, { breaker: 'closed', step: 0 }]),
  );
  let slowed = false;
  let intervalMs = baseMs;

  function pace(wantedMs: number, reason: string): void {
    if (wantedMs === intervalMs) return;
    intervalMs = wantedMs;
    onPace(wantedMs, reason);
  }

  /** The shortest pause among the destinations: the one that will be probed first decides. */
  function slowedMs(): number {
    const steps = Array.from(states.values(), (state) =>
      Math.max(0, Math.min(state.step, stepsMs.length - 1)),
    );
    return Math.max(baseMs, stepsMs[Math.min(...steps)] ?? baseMs);
  }

  function move(destination: string, breaker: BreakerState, step?: number): void {
    const state = states.get(destination);
    if (state === undefined) return;
    states.set(destination, { breaker, step: step ?? state.step });
    if (breaker !== 'open') return;
    slowed ||= Array.from(states.values()).every((one) => one.breaker !== 'closed');
    if (slowed)
      pace(slowedMs(), states.size === 1 ? `${destination} is unavailable` : 'no destination is available');
  }

  function acknowledge(destination: string): void {
    // An answer that was still under way when the breaker opened says nothing about now.
    if (!slowed || (states.get(destination)?.breaker ?? 'open') === 'open') return;
    slowed = false;
    const wasSlower = intervalMs > baseMs;
    pace(baseMs, `${destination} stores again`);
    if (wasSlower) onFresh();
  }

  return {
    observe(event) {
      if (mode === 'keep') return;
      if (event.type === 'breaker.opened') move(event.destination, 'open', event.step);
      else if (event.type === 'breaker.half_opened') move(event.destination, 'half_open');
      else if (event.type === 'breaker.closed') move(event.destination, 'closed', 0);
      else if (event.type === 'batch.delivered' && event.outcome === 'stored') acknowledge(event.destination);
    },
    intervalMs: () => intervalMs,
  };
}
