/** What the invariants of delivery share: a destination as it was seen, and whether its backlog is gone. */

import type { DeliveringLook, DeliveryLook, Look } from './look.ts';

/** Rounds that are just being delivered, at the slowest pace of sampling. */
const ON_ITS_WAY_MS = 120_000;

export const destinationsOf = ({ watched }: Look): readonly string[] =>
  watched.destinations.map(({ name }) => name);

export interface Delivering {
  readonly delivery: DeliveryLook;
  /** As the reader says; `undefined` while it does not run. */
  readonly live: DeliveringLook | undefined;
  /** Of the oldest reading that waits; 0 if none does. */
  readonly ageMs: number;
  readonly drained: boolean;
}

/** gone: it is not configured. unknown: nobody can tell, or it is sent nothing on purpose. */
export function deliveringIn(look: Look, subject: string): Delivering | 'gone' | 'unknown' {
  const { watched, outbox, reader, at } = look;
  if (!watched.destinations.some(({ name }) => name === subject)) return 'gone';
  const delivery = outbox?.destinations.find(({ destination }) => destination === subject);
  const live = reader?.destinations.find(({ name }) => name === subject);
  if (delivery === undefined || live?.quiet === true) return 'unknown';
  const nothingWaits = delivery.rows === 0 || live?.backlogRows === 0;
  // Either way: a reading of tomorrow, from a clock that was ahead, is old news, too.
  const ageMs = nothingWaits || delivery.oldestAt === undefined ? 0 : Math.abs(at - delivery.oldestAt);
  return { delivery, live, ageMs, drained: ageMs < ON_ITS_WAY_MS };
}
