/**
 * What was found while the disk took no tickets, kept in memory until it does: each with when it was first found, and
 * also what is well again by then. Written down, it is followed and resolved like any other, so nothing that was found
 * is without its ticket. A restart of the monitor meanwhile forgets it; what still holds is found again.
 */

import { UNRESOLVED_MAX } from '../tickets/bounds.ts';
import type { Finding } from '../tickets/ticket.ts';

export interface Unwritten {
  /** Those of this look, and those of earlier ones that nobody has written down. */
  with(findings: readonly Finding[]): readonly Finding[];
  /** The disk has not taken these: at most as many as may have a ticket, the earliest first. */
  keep(findings: readonly Finding[], at: number): void;
  /** It has. */
  clear(): void;
}

export function createUnwritten(): Unwritten {
  let kept: ReadonlyMap<string, Finding> = new Map();

  function merged(findings: readonly Finding[]): ReadonlyMap<string, Finding> {
    const all = new Map(kept);
    for (const one of findings) {
      const foundAt = kept.get(one.key)?.foundAt;
      all.set(one.key, foundAt === undefined ? one : { ...one, foundAt });
    }
    return all;
  }

  return {
    with: (findings) => [...merged(findings).values()],
    keep(findings, at) {
      const all = [...merged(findings)].slice(0, UNRESOLVED_MAX);
      kept = new Map(all.map(([key, one]) => [key, { ...one, foundAt: one.foundAt ?? at }]));
    },
    clear() {
      kept = new Map();
    },
  };
}
