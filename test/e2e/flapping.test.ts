/**
 * A write API that comes and goes every 5 s for ten minutes, the most tiring of all faults, in virtual
 * time with a real outbox: the log and the transitions stay bounded, and the readings do not notice.
 */

import { expect, test } from 'vitest';
import { createEventLog } from '../../lib/ops/event-log.ts';
import { createDestinationRig, DOWN } from '../support/destination-rig.ts';
import { upTo } from '../support/gateway.ts';

const MINUTES = 10;
const FLAP_MS = 5_000;
const OUTAGES = (MINUTES * 60_000) / (2 * FLAP_MS);
/** The first step of the ladder: however it flaps, the breaker does not move more often. */
const PAUSE_MIN_MS = 10_000;

test.each([
  { everyMs: 1_000, name: 'every second' },
  { everyMs: 2_500, name: 'every 2.5 s' },
  { everyMs: 9_700, name: 'every 9.7 s' },
])('an API that flaps every 5 s under rounds $name wears nothing out', async ({ everyMs }) => {
  const rig = createDestinationRig();
  const { clock, store, recorder, outbox, destination } = rig;
  const lines: string[] = [];
  const say = (_fields: object, message: string) => lines.push(message);
  const log = { debug: () => {}, info: say, warn: say, error: say };
  const eventLog = createEventLog({
    log,
    monotonicMs: clock.monotonicMs,
    rounds: 'hourly',
    breakerFailures: 3,
  });
  const flaps = () => Math.floor(clock.monotonicMs() / FLAP_MS) % 2 === 1;
  // Half of the failures come after the readings were stored.
  let lost = false;
  store.behave = () => {
    if (!flaps()) return undefined;
    lost = !lost;
    return lost ? 'loses the reply' : DOWN;
  };

  let accepted = 0;
  while (clock.monotonicMs() < MINUTES * 60_000) {
    accepted += rig.round(5).length;
    await clock.advance(everyMs);
  }
  for (const event of recorder.events) eventLog(event);
  const transitions = outbox().breakerTransitions(1_000).reverse();
  store.behave = () => undefined;
  await clock.advance(120_000);

  expect([...store.stored.keys()].sort((a, b) => a - b)).toEqual(upTo(accepted));
  const { backlog, counters } = destination.status();
  expect(backlog.rows).toBe(0);
  // Acknowledged once each: a reading that was stored without our hearing of it came back as a duplicate.
  expect(counters.stored + counters.duplicate).toBe(accepted);
  expect(counters.duplicate).toBeGreaterThan(0);
  expect(outbox().deadLetters(10)).toEqual([]);

  const opened = transitions.filter(({ to }) => to === 'open');
  const pauses = opened.slice(1).map(({ at }, i) => at - (opened[i]?.at ?? 0));
  for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(PAUSE_MIN_MS);
  // Open, half-open and closed for each pause, and a drain for each time it came back.
  expect(lines.length).toBeLessThanOrEqual(3 * opened.length + OUTAGES + 1);
});
