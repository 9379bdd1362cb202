/**
 * The breakers of a quarantined file, what its destinations answered last, and its sensors, carried over before
 * anybody asks for them: a breaker that a person holds must not close because a card has failed, an outage is not
 * met with a fresh ladder, and a sensor that has fallen silent is missed. Their tables are small, so this reads a
 * few pages, however large the file is.
 */

import { rowsUnder, type ScannedRow } from '../../base/page-scan.ts';
import type { Outbox } from './outbox.ts';
import { breakerIn, outcomeIn, sensorIn } from './salvage-records.ts';

/** The table of tables begins on the first page. */
const SCHEMA_ROOT = 1;

/** What this outbox has no record of yet. Throws what reading the file throws. */
export function carryStates(
  file: string,
  outbox: Pick<Outbox, 'breaker' | 'saveBreaker' | 'noteOutcome' | 'silences'>,
  destinations: readonly string[],
): void {
  const roots = rootsIn(rowsUnder(file, SCHEMA_ROOT));
  const rowsOf = (table: string) => rowsUnder(file, roots.get(table) ?? 0);
  const isNew = (name: string) => destinations.includes(name) && outbox.breaker(name) === undefined;

  for (const row of rowsOf('outcomes')) {
    const [name, outcome] = outcomeIn(row) ?? [];
    if (name !== undefined && outcome !== undefined && isNew(name)) outbox.noteOutcome(name, outcome);
  }
  for (const row of rowsOf('breakers')) {
    const [name, record] = breakerIn(row) ?? [];
    if (name !== undefined && record !== undefined && isNew(name)) outbox.saveBreaker(name, record);
  }
  const known = new Set(outbox.silences.sensors().map(({ sensor }) => sensor));
  outbox.silences.write(() => {
    for (const row of rowsOf('sensors')) {
      const sensor = sensorIn(row);
      if (sensor !== undefined && !known.has(sensor.sensor)) outbox.silences.keepSensor(sensor);
    }
  });
}

/** On which page each table begins, by name, as the schema says. */
function rootsIn(schema: readonly ScannedRow[]): Map<string, number> {
  const roots = new Map<string, number>();
  for (const { cells } of schema) {
    const [type, name, , root] = cells;
    if (type === 'table' && typeof name === 'string' && typeof root === 'number') roots.set(name, root);
  }
  return roots;
}
