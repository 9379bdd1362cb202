import { describe, expect, test } from 'vitest';
import { createDestinationRig, DOWN } from '../../../test/support/destination-rig.ts';
import { INCIDENT_AT, type VirtualClock } from '../../../test/support/virtual-clock.ts';
import { parseDayWindow } from '../../base/day-windows.ts';
import { createZone } from '../../base/local-time.ts';
import { createQuietHours } from '../../base/quiet-hours.ts';

const INTERVAL_MS = 10_000;
const MINUTE_MS = 60_000;
const QUIET_FROM_MS = Date.parse('2026-01-15T16:15Z') - INCIDENT_AT;
const QUIET_UNTIL_MS = Date.parse('2026-01-15T16:30Z') - INCIDENT_AT;

/** A destination with a quiet quarter of an hour, and a round every ten seconds. */
function quietRig({ quiet = true } = {}) {
  let trusted = true;
  // The rig brings it, and asks at once.
  let clock: VirtualClock | undefined;
  const hours = createQuietHours({
    windows: [parseDayWindow('16:15-16:30')],
    zone: createZone('UTC'),
    moment: () => ({ at: clock?.wallMs() ?? INCIDENT_AT, monoMs: clock?.monotonicMs() ?? 0, trusted }),
  });
  const rig = createDestinationRig(quiet ? { quiet: hours } : {});
  clock = rig.clock;

  async function roundsUntil(ms: number): Promise<void> {
    while (rig.clock.monotonicMs() < ms) {
      rig.round();
      await rig.clock.advance(Math.min(INTERVAL_MS, ms - rig.clock.monotonicMs()));
    }
  }

  return {
    ...rig,
    distrust() {
      trusted = false;
    },
    /** Until so long after the start. */
    roundsUntil,
    /** A minute more, and time for its last round to arrive. */
    async catchUp() {
      await roundsUntil(QUIET_UNTIL_MS + MINUTE_MS);
      await rig.clock.advance(1_000);
    },
    sentBetween: (fromMs: number, toMs: number) =>
      rig.store.sent.filter(({ atMono }) => atMono >= fromMs && atMono < toMs).length,
  };
}

describe('a destination in its quiet hours', () => {
  test('is sent nothing, and afterwards everything, the newest round first', async () => {
    const { roundsUntil, catchUp, sentBetween, destination, store, recorder, outbox } = quietRig();

    await roundsUntil(QUIET_UNTIL_MS - 1);
    const during = destination.status();
    const waiting = outbox().backlog('local').rows;
    await catchUp();

    expect(sentBetween(0, QUIET_FROM_MS)).toBeGreaterThan(25);
    expect(sentBetween(QUIET_FROM_MS, QUIET_UNTIL_MS)).toBe(0);
    expect(waiting).toBeGreaterThan(400);
    expect(during).toMatchObject({ quiet: { words: 'until 16:30' }, nextTryInMs: 1 });
    expect(store.sent.find(({ atMono }) => atMono >= QUIET_UNTIL_MS)?.lane).toBe('live');
    expect(destination.status()).toMatchObject({ backlog: { rows: 0 } });
    expect(destination.status().quiet).toBeUndefined();
    expect(recorder.of('quiet_hours.began')).toMatchObject([{ of: 'delivery', names: ['local'] }]);
    expect(recorder.of('quiet_hours.ended')).toHaveLength(1);
    expect(recorder.of('backlog.drained')).toHaveLength(1);
  });

  test('twin: without them it is sent each round', async () => {
    const { roundsUntil, sentBetween } = quietRig({ quiet: false });

    await roundsUntil(QUIET_UNTIL_MS);

    expect(sentBetween(QUIET_FROM_MS, QUIET_UNTIL_MS)).toBeGreaterThan(80);
  });

  test('is not found to be down: its breaker is as they found it', async () => {
    const { roundsUntil, catchUp, store, recorder, destination } = quietRig();
    await roundsUntil(QUIET_FROM_MS);
    store.behave = () => DOWN;

    await roundsUntil(QUIET_UNTIL_MS - 1);
    const before = destination.status().breaker;
    store.behave = () => undefined;
    await catchUp();

    expect(before).toMatchObject({ state: 'closed', failures: 0 });
    expect(recorder.of('breaker.opened')).toEqual([]);
    expect(destination.status().backlog.rows).toBe(0);
  });

  test('with an open breaker is not probed before they are over, and then at once', async () => {
    const { roundsUntil, catchUp, sentBetween, store, recorder, destination } = quietRig();
    store.behave = () => DOWN;
    await roundsUntil(QUIET_FROM_MS);
    const probes = recorder.of('breaker.half_opened').length;

    destination.probeNow();
    await roundsUntil(QUIET_UNTIL_MS - 1);
    const probesInBetween = recorder.of('breaker.half_opened').length - probes;
    store.behave = () => undefined;
    await catchUp();

    expect(probesInBetween).toBe(0);
    expect(sentBetween(QUIET_FROM_MS, QUIET_UNTIL_MS)).toBe(0);
    expect(recorder.of('breaker.closed')).toHaveLength(1);
    expect(destination.status().backlog.rows).toBe(0);
  });

  test('is delivered to within an interval when the clock is set to after them', async () => {
    const { roundsUntil, clock, sentBetween } = quietRig();
    await roundsUntil(QUIET_FROM_MS + MINUTE_MS);

    clock.stepWall(60 * MINUTE_MS);
    await roundsUntil(QUIET_FROM_MS + MINUTE_MS + INTERVAL_MS);

    expect(sentBetween(QUIET_FROM_MS, QUIET_FROM_MS + MINUTE_MS + INTERVAL_MS)).toBeGreaterThan(0);
  });

  test('has none while nobody vouches for the clock', async () => {
    const { roundsUntil, sentBetween, distrust } = quietRig();
    distrust();

    await roundsUntil(QUIET_FROM_MS + MINUTE_MS);

    expect(sentBetween(QUIET_FROM_MS, QUIET_FROM_MS + MINUTE_MS)).toBe(6);
  });
});
