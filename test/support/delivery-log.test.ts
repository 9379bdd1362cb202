import { expect, test } from 'vitest';
import type { Line } from './child-program.ts';
import { about, batchesBeforeFresh, firstOutage, nothingWaits } from './delivery-log.ts';

function line(event: string, atMs: number, fields: object = {}): Line {
  return { text: '', event, time: new Date(atMs).toISOString(), ...fields };
}
const appended = (hi: number, atMs = 0) => line('outbox.appended', atMs, { hi });
const delivered = (outcome: string, atMs = 0, fields: object = {}) =>
  line('batch.delivered', atMs, { outcome, lane: 'live', stored: 0, duplicate: 0, ...fields });
const opened = line('breaker.opened', 0, { failures: 3 });
const probe = line('breaker.half_opened', 0);
const closed = line('breaker.closed', 0);

test('a reading waits until it is stored, recognised or buried', () => {
  const lines = [appended(4), delivered('stored', 0, { stored: 2, duplicate: 1 })];

  expect(nothingWaits(lines)).toBe(false);
  expect(nothingWaits([...lines, line('reading.buried', 0)])).toBe(true);
});

test('a round waits for the batches that were answered before its own live delivery', () => {
  const backfilled = delivered('stored', 0, { lane: 'backfill' });
  const lines = [
    backfilled,
    appended(1),
    backfilled,
    delivered('stored'),
    appended(2),
    backfilled,
    backfilled,
    delivered('unavailable'),
    backfilled,
    appended(3),
  ];

  expect(batchesBeforeFresh(lines)).toEqual([1, Number.POSITIVE_INFINITY]);
});

test('an outage counts what failed since the last success, its probes, and what went through while open', () => {
  const bad = delivered('unavailable');
  const lines = [bad, delivered('stored'), bad, bad, opened, bad, probe, opened, bad, probe, closed];

  expect(firstOutage(lines)).toEqual({ failuresToOpen: 3, failures: 4, probes: 2, successesWhileOpen: 0 });
  expect(firstOutage([bad, opened, delivered('stored'), closed])?.successesWhileOpen).toBe(1);
  expect(firstOutage([bad, bad, bad])).toBeUndefined();
});

test('lines about another destination are left out, lines about none are not', () => {
  const here = delivered('stored', 0, { destination: 'here' });
  const there = delivered('stored', 0, { destination: 'there' });

  expect(about([appended(1), here, there], 'here')).toEqual([appended(1), here]);
});
