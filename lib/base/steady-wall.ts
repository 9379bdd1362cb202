/**
 * When something happened, on a machine whose wall clock may be wrong and may jump. The wall clock is
 * believed in the moments in which somebody vouches for it; from then on time is counted on the monotonic
 * clock. So a jump that nobody vouches for moves nothing, and two moments are as far apart as they were.
 *
 * Nobody vouches by himself here: a verdict is brought from outside (`judge`), whenever there is one.
 */

import type { Clock } from './clock.ts';

/** Whether the wall clock is right at present, and who says so, in words. */
export interface ClockVerdict {
  readonly trusted: boolean;
  readonly why: string;
}

/** Who can be asked about the wall clock. */
export interface ClockTrust {
  /**
   * Bounded, never rejects, never blocks. `stepped`: the clock has jumped since it was last vouched for, so
   * what was said before that does not count any more.
   */
  look(options: { readonly stepped: boolean }): Promise<ClockVerdict>;
}

export interface Moment {
  /** Whole milliseconds since 1970: `monoMs` and a whole offset, so that one can be mended from the other. */
  readonly at: number;
  /** Whole milliseconds of the monotonic clock. */
  readonly monoMs: number;
  /** Whether somebody has vouched for the clock in this boot. */
  readonly trusted: boolean;
}

export type WallChange =
  /** The wall clock jumped, and nobody has vouched for that yet. */
  | { readonly kind: 'jumped'; readonly byMs: number }
  /** The first trust: times so far were early by so much. */
  | { readonly kind: 'trusted'; readonly byMs: number }
  /** A jump that somebody vouches for. */
  | { readonly kind: 'stepped'; readonly byMs: number }
  /** The machine slept, and the monotonic clock with it. */
  | { readonly kind: 'suspended'; readonly byMs: number };

export interface SteadyWall {
  moment(): Moment;
  judge(verdict: ClockVerdict): void;
  /** Wall minus monotonic time as it is used now. */
  offsetMs(): number;
  trusted(): boolean;
  /** How far the wall clock is from what is believed; `undefined` if they agree. */
  jumpedMs(): number | undefined;
}

export interface SteadyWallOptions {
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  /** How long the machine has slept since it was booted, in milliseconds; only its growth matters. */
  readonly suspendedMs: () => number;
  /** The offset of an earlier trusted moment of this boot, if there was one. */
  readonly trustedOffsetMs?: number | undefined;
  readonly onChange: (change: WallChange) => void;
}

/** Well above what reading two clocks one after the other makes them differ by, well below what anybody would miss. */
const JUMP_MIN_MS = 100;
/** The time asleep is known to 10 ms only, and nothing shorter than this is sleep. */
const SUSPEND_MIN_MS = 1_000;
/** A reading of the two clocks that took no longer is exact; a busy machine gets so many tries. */
const MEASURE_MAX_MS = 2;
const MEASURE_TRIES = 5;

export function createSteadyWall(options: SteadyWallOptions): SteadyWall {
  const { clock, suspendedMs, onChange } = options;
  let trusted = options.trustedOffsetMs !== undefined;
  let offset = options.trustedOffsetMs ?? measured();
  /** What was used first, before anybody vouched. */
  let provisional = offset;
  let jumped: number | undefined;
  let suspended = suspendedMs();

  /** Wall minus monotonic time: constant but for jumps and sleep, because both clocks are slewed alike. */
  function measured(): number {
    let best = { tookMs: Number.POSITIVE_INFINITY, offset: 0 };
    for (let tries = 0; tries < MEASURE_TRIES && best.tookMs > MEASURE_MAX_MS; tries += 1) {
      const before = clock.monotonicMs();
      const wall = clock.wallMs();
      const tookMs = clock.monotonicMs() - before;
      if (tookMs < best.tookMs) best = { tookMs, offset: Math.round(wall - before - tookMs / 2) };
    }
    return best.offset;
  }

  function follow(): number {
    const seen = measured();
    const slept = Math.round(suspendedMs() - suspended);
    if (slept >= SUSPEND_MIN_MS) {
      suspended += slept;
      offset += slept;
      provisional += slept;
      // The clock itself knows it more exactly, if it agrees.
      if (Math.abs(seen - offset) < JUMP_MIN_MS) offset = seen;
      onChange({ kind: 'suspended', byMs: slept });
    }
    const byMs = seen - offset;
    if (Math.abs(byMs) < JUMP_MIN_MS) {
      jumped = undefined;
      return seen;
    }
    const news = jumped === undefined || Math.abs(byMs - jumped) >= JUMP_MIN_MS;
    if (trusted) jumped = byMs;
    // Nobody vouches for either time, and the later word is at least somebody's.
    else offset = seen;
    if (news) onChange({ kind: 'jumped', byMs });
    return seen;
  }

  return {
    moment() {
      follow();
      const monoMs = Math.round(clock.monotonicMs());
      // A clock that was set to before 1970 has no place in a reading.
      return { at: Math.max(0, monoMs + offset), monoMs, trusted };
    },
    judge(verdict) {
      const seen = follow();
      if (!verdict.trusted) return;
      const first = !trusted;
      const byMs = seen - (first ? provisional : offset);
      if (!first && jumped === undefined) return;
      trusted = true;
      offset = seen;
      jumped = undefined;
      onChange({ kind: first ? 'trusted' : 'stepped', byMs });
    },
    offsetMs: () => offset,
    trusted: () => trusted,
    jumpedMs: () => jumped,
  };
}
