/**
 * How long to leave a destination alone: 10 s, then 30 s, then 60 s for as long as it takes. Pure, so
 * that every rung can be tested, and shared by the breaker (pause before a probe) and by sampling
 * (backpressure), which follow the same ladder.
 */

/** 10 s is the sampling interval, so the first pause costs one round; 60 s keeps a recovery noticed within a minute. */
export const PAUSE_STEPS_MS: readonly number[] = [10_000, 30_000, 60_000];

/** Spreads the return of many gateways after a common outage over a fifth of the pause. */
export const JITTER_SHARE = 0.2;

/** The step after a failed probe: one up, and then the last one for ever. */
export function nextStep(step: number, stepsMs: readonly number[] = PAUSE_STEPS_MS): number {
  return Math.max(0, Math.min(step + 1, stepsMs.length - 1));
}

export interface PauseOptions {
  readonly stepsMs?: readonly number[];
  /** Chance in [0, 1). */
  readonly fraction: number;
  /** What the server asked for; never shortens a step. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The pause of a step, in milliseconds. The jitter is added last and may exceed the last step: clipped
 * to it, every gateway that has reached the cap would come back in the same second.
 */
export function pauseMs(step: number, options: PauseOptions): number {
  const stepsMs = options.stepsMs ?? PAUSE_STEPS_MS;
  const rung = stepsMs[Math.max(0, Math.min(step, stepsMs.length - 1))] ?? 0;
  const base = Math.max(rung, options.retryAfterMs ?? 0);
  return Math.round(base * (1 + JITTER_SHARE * options.fraction));
}

/** The longest pause: for a destination that a person must mend. */
export function longestStep(stepsMs: readonly number[] = PAUSE_STEPS_MS): number {
  return Math.max(0, stepsMs.length - 1);
}
