/**
 * The breakers of a quarantined file, and what its destinations answered last, carried over before anybody asks
 * for them: a breaker that a person holds must not close because a card has failed, and an outage is not met
 * with a fresh ladder. Their tables are one page each, so this reads a few pages, however large the file is.
 */

import type { Outbox } from './outbox.ts';
import { latestPages, type ScannedPage } from './page-scan.ts';
import { breakerIn, outcomeIn } from './salvage-records.ts';

/** What this outbox has no record of yet. Throws what reading the file throws. */
export function carryStates(
  file: string,
  outbox: Pick<Outbox, 'breaker' | 'saveBreaker' | 'noteOutcome'>,
  destinations: readonly string[],
): void {
  const roots = rootsIn(latestPages(file, [1]).get(1));
  const [breakersAt = 0, outcomesAt = 0] = ['breakers', 'outcomes'].map((table) => roots.get(table));
  const pages = latestPages(file, [breakersAt, outcomesAt]);
  const isNew = (name: string) => destinations.includes(name) && outbox.breaker(name) === undefined;

  for (const row of pages.get(outcomesAt)?.rows ?? []) {
    const [name, outcome] = outcomeIn(row) ?? [];
    if (name !== undefined && outcome !== undefined && isNew(name)) outbox.noteOutcome(name, outcome);
  }
  for (const row of pages.get(breakersAt)?.rows ?? []) {
    const [name, record] = breakerIn(row) ?? [];
    if (name !== undefined && record !== undefined && isNew(name)) outbox.saveBreaker(name, record);
  }
}

/** On which page each table begins, by name, as the schema says. */
function rootsIn(schema: ScannedPage | undefined): Map<string, number> {
  const roots = new Map<string, number>();
  for (const { cells } of schema?.rows ?? []) {
    const [type, name, , root] = cells;
    if (type === 'table' && typeof name === 'string' && typeof root === 'number') roots.set(name, root);
  }
  return roots;
}
