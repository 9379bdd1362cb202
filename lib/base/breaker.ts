/**
 * A circuit breaker for whoever calls others; opossum's only home. opossum gates every call and moves
 * between its states; what it cannot do is done around it:
 *
 *   closed --- N consecutive failures ---> open --- pause over, or probeNow ---> half_open
 *   half_open --- the probe succeeds ---> closed        half_open --- the probe fails ---> open, one step up
 *   any --- hold ---> open, until release
 *
 * - It opens after exactly N consecutive failures. opossum counts a percentage of a rolling window,
 *   which at one call in 10 s never opens, or opens on the first failure of a call that outlasts the
 *   window; so its own threshold is out of reach, and we count in its events and call `open()`.
 * - Pauses grow and follow our clock. opossum's timer has one length and the machine's clock, so it is
 *   set beyond reach, and half-open is a fresh circuit constructed half-open, as after a restart.
 * - State, streak, step and reason are kept by whoever builds it: a restart in an outage begins with
 *   one probe on the step it had reached, and does not hammer.
 */

import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';
import type { Clock } from './clock.ts';
import { codeOf } from './errors.ts';
import { nextStep, PAUSE_STEPS_MS, pauseMs } from './ladder.ts';
import type { Random } from './random.ts';

export type BreakerState = 'closed' | 'open' | 'half_open';

/** What of it outlives the process. */
export interface BreakerRecord {
  readonly state: BreakerState;
  /** Consecutive failures, counted on while open. */
  readonly streak: number;
  /** Index into the ladder of pauses. */
  readonly step: number;
  readonly reason: string;
  /** Wall time of the last transition. */
  readonly sinceAt: number;
  /** Opened by a person, until released. */
  readonly held: boolean;
  /** Wall time of the next probe, while open and not held: for people; the breaker itself counts monotonic time. */
  readonly nextTryAt: number | null;
}

/** Makes one call. `undefined`: abandoned by us, which says nothing about the other side. */
type Attempt<Outcome> = () => Promise<Outcome | undefined>;

/** What an outcome says about the health of the other side, if it speaks against it. */
interface Failure {
  readonly reason: string;
  /** What the other side asked for. */
  readonly retryAfterMs?: number | undefined;
}

interface Opening {
  readonly failures: number;
  readonly step: number;
  readonly pauseMs: number;
  readonly reason: string;
  readonly held: boolean;
}

interface BreakerDeps<Outcome> {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  /** `undefined`: the other side is well, whatever it said. */
  readonly failureOf: (outcome: Outcome) => Failure | undefined;
  /** Where the record is kept. */
  readonly load: () => BreakerRecord | undefined;
  readonly save: (record: BreakerRecord) => void;
  readonly onOpened?: (opening: Opening) => void;
  readonly onHalfOpened?: () => void;
  readonly onClosed?: (openMs: number) => void;
}

export interface BreakerOptions {
  /** Consecutive failures that open it. One is noise, ten is a hundred seconds of timeouts; three is the custom. */
  readonly failuresToOpen?: number;
  readonly stepsMs?: readonly number[];
}

export interface BreakerStatus {
  readonly state: BreakerState;
  /** Consecutive failures, counted on while open. */
  readonly failures: number;
  readonly step: number;
  readonly reason: string;
  /** Wall time of the last transition. */
  readonly sinceAt: number;
  /** Opened by a person. */
  readonly held: boolean;
}

export interface Breaker<Outcome> {
  /**
   * Runs the attempt if opossum lets it through. Resolves with its outcome, or `undefined` if it was not
   * let through or was abandoned. The attempt must settle: a probe that does not keeps everybody out.
   */
  fire(attempt: Attempt<Outcome>): Promise<Outcome | undefined>;

  /** When the next attempt may be made, in monotonic ms: in the past if now, `Infinity` while held. */
  dueMono(): number;

  /** Ends the pause: the next attempt is the probe. `false` while held or if there is no pause. */
  probeNow(): boolean;

  hold(why: string): void;
  /** Ends a hold; the next attempt is a probe. */
  release(): void;

  status(): BreakerStatus;

  /** Drops opossum's listeners and timers. The record stays as it is. */
  close(): void;
}

/** The longest that setTimeout can count (24.8 days): longer would fire at once. */
const NEVER_MS = 2_147_483_647;

class CallFailed<Outcome> extends Error {
  readonly outcome: Outcome;
  readonly retryAfterMs: number | undefined;
  constructor(outcome: Outcome, { reason, retryAfterMs }: Failure) {
    super(reason);
    this.outcome = outcome;
    this.retryAfterMs = retryAfterMs;
  }
}

class Abandoned extends Error {}

export function createBreaker<Outcome>(
  deps: BreakerDeps<Outcome>,
  options: BreakerOptions = {},
): Breaker<Outcome> {
  const { name, clock } = deps;
  const failuresToOpen = options.failuresToOpen ?? 3;
  const stepsMs = options.stepsMs ?? PAUSE_STEPS_MS;

  const record = deps.load();
  let state: BreakerState = record === undefined || record.state === 'closed' ? 'closed' : 'open';
  let failures = record?.streak ?? 0;
  let step = record?.step ?? 0;
  let reason = record?.reason ?? '';
  let sinceAt = record?.sinceAt ?? clock.wallMs();
  let held = record?.held ?? false;
  let pauseEndsMono = held ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  /** When it left `closed`, if this process saw it. */
  let leftClosedMono: number | undefined;
  let lastError: unknown;
  let circuit = buildCircuit(state);

  /** opossum knows success and failure; we know what each outcome says about the health of the other side. */
  async function judge(attempt: Attempt<Outcome>): Promise<Outcome> {
    const outcome = await attempt();
    if (outcome === undefined) throw new Abandoned();
    const failure = deps.failureOf(outcome);
    if (failure !== undefined) throw new CallFailed(outcome, failure);
    return outcome;
  }

  function buildCircuit(start: BreakerState): CircuitBreaker<[Attempt<Outcome>], Outcome> {
    // One bucket at a time, turned by us: opossum's own timer follows the machine's clock, and without
    // any turning its list of latencies would grow for ever.
    const buckets = new EventEmitter();
    const settings = {
      name,
      timeout: false as const, // Calls have a total deadline of their own; two clocks would disagree.
      errorThresholdPercentage: 100,
      volumeThreshold: Number.MAX_SAFE_INTEGER, // Its percentage never opens it; see the opening comment.
      resetTimeout: NEVER_MS,
      rollingCountBuckets: 1,
      rotateBucketController: buckets,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      state: { enabled: true, closed: start === 'closed', halfOpen: start === 'half_open' },
    };
    const built = new CircuitBreaker<[Attempt<Outcome>], Outcome>(judge, settings);
    built.on('failure', (error) => {
      lastError = error;
      buckets.emit('rotate');
      if (built.closed) onFailureWhileClosed(built, error);
    });
    built.on('success', () => {
      buckets.emit('rotate');
      if (built.closed && state === 'closed') onSuccessWhileClosed();
    });
    built.on('open', () => onOpened());
    built.on('close', () => onClosed());
    // Its timer has run out after all: a hold of 24.8 days. Ours decides.
    built.on('halfOpen', () => built.open());
    return built;
  }

  function replaceCircuit(start: BreakerState): void {
    circuit.shutdown(); // Its timer of 24.8 days would keep each of them in memory.
    circuit = buildCircuit(start);
  }

  function onFailureWhileClosed(built: CircuitBreaker<[Attempt<Outcome>], Outcome>, error: unknown): void {
    if (!(error instanceof CallFailed)) return;
    failures += 1;
    reason = error.message;
    if (failures >= failuresToOpen) {
      step = 0;
      built.open();
    } else save();
  }

  function onSuccessWhileClosed(): void {
    if (failures === 0) return; // The steady state writes nothing.
    failures = 0;
    reason = '';
    save();
  }

  /** opossum has opened: because we said so after N failures, because a probe failed, or for a hold. */
  function onOpened(): void {
    if (state === 'open') return; // Opened again after its own timer; our pause goes on.
    if (state === 'half_open' && lastError instanceof Abandoned) {
      replaceCircuit('half_open'); // The probe was never answered: whoever comes next may ask.
      return;
    }
    if (state === 'half_open' && !held) {
      failures += 1;
      step = nextStep(step, stepsMs);
      if (lastError instanceof Error) reason = lastError.message;
    }
    if (state === 'closed') leftClosedMono = clock.monotonicMs();
    const retryAfterMs = lastError instanceof CallFailed ? lastError.retryAfterMs : undefined;
    const pause = held ? 0 : pauseMs(step, { stepsMs, fraction: deps.random.fraction(), retryAfterMs });
    pauseEndsMono = held ? Number.POSITIVE_INFINITY : clock.monotonicMs() + pause;
    sayOpen(pause);
  }

  function sayOpen(pauseForMs: number): void {
    moveTo('open');
    deps.onOpened?.({ failures, step, pauseMs: pauseForMs, reason, held });
  }

  function onClosed(): void {
    const openMs =
      leftClosedMono === undefined ? clock.wallMs() - sinceAt : clock.monotonicMs() - leftClosedMono;
    failures = 0;
    step = 0;
    reason = '';
    leftClosedMono = undefined;
    moveTo('closed');
    deps.onClosed?.(Math.max(0, Math.round(openMs)));
  }

  function halfOpen(): void {
    replaceCircuit('half_open');
    moveTo('half_open');
    deps.onHalfOpened?.();
  }

  function moveTo(next: BreakerState): void {
    state = next;
    sinceAt = clock.wallMs();
    save();
  }

  function save(): void {
    const waits = state === 'open' && !held;
    const nextTryAt = waits ? Math.round(clock.wallMs() + pauseEndsMono - clock.monotonicMs()) : null;
    deps.save({ state, streak: failures, step, reason, sinceAt, held, nextTryAt });
  }

  return {
    async fire(attempt) {
      if (state === 'open' && clock.monotonicMs() >= pauseEndsMono) halfOpen();
      try {
        return await circuit.fire(attempt);
      } catch (error) {
        if (error instanceof CallFailed) return error.outcome;
        if (error instanceof Abandoned || codeOf(error) === 'EOPENBREAKER') return undefined;
        throw error;
      }
    },
    dueMono: () => (state === 'open' ? pauseEndsMono : Number.NEGATIVE_INFINITY),
    probeNow() {
      if (state !== 'open' || held) return false;
      pauseEndsMono = clock.monotonicMs();
      return true;
    },
    hold(why) {
      held = true;
      reason = why;
      step = 0;
      lastError = undefined;
      pauseEndsMono = Number.POSITIVE_INFINITY;
      // Open already: opossum has nothing to say, but it is news all the same.
      if (circuit.opened) sayOpen(0);
      else circuit.open();
    },
    release() {
      if (!held) return;
      held = false;
      reason = '';
      pauseEndsMono = clock.monotonicMs();
      save();
    },
    status: () => ({ state, failures, step, reason, sinceAt, held }),
    close: () => circuit.shutdown(),
  };
}
