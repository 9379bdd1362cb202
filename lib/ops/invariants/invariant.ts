/**
 * An invariant: what must hold while all is well, how long it must be broken before a ticket is opened, and how
 * often it must be seen whole before that ticket is resolved. One file each, listed in `index.ts`; what follows from
 * their verdicts is the engine's. They compare and remember nothing.
 */

import type { Severity } from '../tickets/ticket.ts';
import type { InvariantLimits } from './limits.ts';
import type { Look } from './look.ts';
import type { Past } from './past.ts';

export interface Invariant {
  /** `sensor_silent`: the first half of its tickets' keys, and its name in the settings. */
  readonly name: string;
  /** What holds while all is well, in one sentence. */
  readonly about: string;
  readonly severity: Severity;
  /** What to do, best a command; a verdict may know better. */
  readonly hint: string;
  /** Seen broken in `seen` of the last `of` looks that could tell: with the reason beside it. */
  readonly opens: { readonly seen: number; readonly of: number };
  /** Seen whole in so many looks that could tell, with none between them that saw it broken. */
  readonly resolvesAfter: number;
  /**
   * While one of these is broken (for the same subject, or at all), this one is not said as well. They are listed
   * before it.
   */
  readonly parents: readonly string[];
  /** The things that must be well: sensors, destinations, units. `['']` where there is but one. */
  subjects(look: Look): readonly string[];
  /** Also asked of subjects that only an older ticket names. */
  judge(one: Case): Verdict;
}

export interface Case {
  readonly subject: string;
  readonly look: Look;
  /** The looks before this one. */
  readonly past: Past;
  readonly limits: InvariantLimits;
}

/** unknown: neither broken nor whole, for it cannot be told. gone: there is no such thing any more. */
export type Verdict = 'whole' | 'unknown' | 'gone' | Broken;

export interface Broken {
  /** In one line, with the values: "climate has given no reading for 4 min". */
  readonly title: string;
  /** Measured values, last events, affected ranges; bounded. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Where it differs from the invariant's. */
  readonly severity?: Severity;
  readonly hint?: string;
  /** The subjects of other invariants that it stands for; if left out, its own, and all if that is empty. */
  readonly explains?: readonly string[];
}

export function isBroken(verdict: Verdict): verdict is Broken {
  return typeof verdict === 'object';
}

/** For invariants of which the machine has but one. */
export const ONLY_ONE = [''] as const;
