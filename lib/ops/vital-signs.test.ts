import { expect, test } from 'vitest';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { createVitalSigns, type Standing } from './vital-signs.ts';

const at = (name: string, state: Standing['breaker']['state'], held = false, rows = 0): Standing => ({
  name,
  breaker: { state, held },
  backlog: { rows },
});
const WELL = [at('local', 'closed')];

test('the status line says state, sensors, backlog and when something was last stored', async () => {
  const clock = createVirtualClock();
  const signs = createVitalSigns(clock.monotonicMs);

  const before = signs.statusLine(WELL);
  signs.observe({
    type: 'round.sampled',
    readings: 9,
    sourcesOk: 4,
    sourcesFailed: 1,
    durationMs: 5,
    lateMs: 0,
  });
  signs.observe({
    type: 'batch.delivered',
    destination: 'local',
    lane: 'live',
    outcome: 'stored',
    rows: 9,
    bytes: 400,
    stored: 9,
    duplicate: 0,
    durationMs: 4,
  });
  await clock.advance(4_000);

  expect(before).toBe('closed, 0/0 sensors, backlog 0, nothing stored yet');
  expect(signs.statusLine([at('local', 'closed', false, 7)])).toBe(
    'closed, 4/5 sensors, backlog 7, last stored 4 s ago',
  );
});

test('a breaker that a person holds open is told apart from one that fails, which comes first', () => {
  const signs = createVitalSigns(() => 0);
  const held = at('remote', 'open', true);

  expect(signs.statusLine([at('local', 'closed'), held])).toMatch(/^open \(held\), /);
  expect(signs.statusLine([at('local', 'open'), held])).toMatch(/^open, /);
});

test('a destination that is open, or behind, does not hide behind one that is well', () => {
  const signs = createVitalSigns(() => 0);
  const both = [at('local', 'closed'), at('remote', 'open', false, 7), at('third', 'half_open')];

  expect(signs.statusLine(both)).toMatch(/^open, .*backlog 7,/);
  expect(signs.snapshot(both)).toMatchObject({
    breaker: 'open',
    breakers: { local: 'closed', remote: 'open', third: 'half_open' },
  });
});

test('every transition of a breaker is counted', () => {
  const signs = createVitalSigns(() => 0);
  const opened = {
    destination: 'local',
    failures: 3,
    step: 0,
    pauseMs: 10_000,
    reason: 'timeout',
    held: false,
  };

  signs.observe({ type: 'breaker.opened', ...opened });
  signs.observe({ type: 'breaker.half_opened', destination: 'local' });
  signs.observe({ type: 'breaker.opened', ...opened });
  signs.observe({ type: 'breaker.half_opened', destination: 'local' });
  signs.observe({ type: 'breaker.closed', destination: 'local', openMs: 20_000 });

  expect(signs.snapshot(WELL)).toMatchObject({
    breaker_transitions: { opened: 2, half_opened: 2, closed: 1 },
  });
});

test('readings that are only in memory come first in the status line, until the disk is back', () => {
  const signs = createVitalSigns(() => 0);

  signs.observe({ type: 'outbox.held', readings: 5, held: 15, code: 'SQLITE_FULL', message: 'full' });
  const during = signs.statusLine(WELL);
  signs.observe({ type: 'outbox.released', readings: 15, heldMs: 30_000 });

  expect(during).toMatch(/^DISK FAILING: 15 readings only in memory, closed/);
  expect(signs.statusLine(WELL)).toMatch(/^closed/);
});

test('what was thinned, shed and dropped is counted by reading', () => {
  const signs = createVitalSigns(() => 0);

  signs.observe({ type: 'reading.thinned', stream: 's', lo: 1, hi: 10, rows: 9, into: 2, tier: 'minute' });
  signs.observe({ type: 'reading.shed', stream: 's', lo: 11, hi: 30, cause: 'bytes_max' });
  signs.observe({ type: 'letter.shed', destination: 'local', letters: 2, lo: 1, hi: 8 });
  signs.observe({ type: 'reading.dropped', readings: 3, series: ['a/b'], oldestAt: 0, newestAt: 1 });

  expect(signs.snapshot(WELL).counts).toMatchObject({ thinned: 9, shed: 22, dropped: 3 });
  expect(signs.statusLine(WELL)).toContain('backlog 0, 9 thinned, 22 shed');
});
