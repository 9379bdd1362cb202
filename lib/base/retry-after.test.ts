import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRetryAfter, RETRY_AFTER_MAX_MS, RETRY_AFTER_MIN_MS } from './retry-after.ts';

const NOW = Date.UTC(2026, 0, 15, 16, 9, 35);

test.each([
  ['30', 30_000],
  [' 30 ', 30_000],
  ['1.5', 1_500],
  ['0', RETRY_AFTER_MIN_MS],
  ['900', RETRY_AFTER_MAX_MS],
  ['901', RETRY_AFTER_MAX_MS],
  ['99999999999999999999', RETRY_AFTER_MAX_MS],
  ['Thu, 15 Jan 2026 16:10:05 GMT', 30_000],
  ['Thu, 15 Jan 2026 16:00:00 GMT', RETRY_AFTER_MIN_MS],
  ['Fri, 15 Jan 2999 16:00:00 GMT', RETRY_AFTER_MAX_MS],
])('%j means a wait of %d ms', (header, ms) => {
  expect(parseRetryAfter(header, undefined, NOW)).toBe(ms);
});

test.each([
  undefined,
  '',
  '-5',
  'soon',
  'NaN',
  'Infinity',
  '1e9',
  '0x10',
  '10 seconds',
  '2026-01-15T16:10:05Z',
  'Xxx, 99 Zzz 2026 99:99:99 GMT',
  'Thu, 99 Zzz 2026 99:99:99 GMT',
])('%j is no wait that can be understood', (header) => {
  expect(parseRetryAfter(header, undefined, NOW)).toBeUndefined();
});

describe('a date', () => {
  test('is measured against the clock of the server, not against ours, which may be years off', () => {
    const ours1970 = 5_000;

    const wait = parseRetryAfter('Thu, 15 Jan 2026 16:10:05 GMT', 'Thu, 15 Jan 2026 16:09:45 GMT', ours1970);

    expect(wait).toBe(20_000);
  });

  test('is measured against our clock when the server does not say its own', () => {
    expect(parseRetryAfter('Thu, 15 Jan 2026 16:09:55 GMT', 'yesterday', NOW)).toBe(20_000);
  });
});

test('whatever a server writes, the wait is within bounds or none', () => {
  const header = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  );
  fc.assert(
    fc.property(header, header, fc.double(), (retryAfter, date, wallMs) => {
      const wait = parseRetryAfter(retryAfter, date, Number.isFinite(wallMs) ? wallMs : 0);
      if (wait === undefined) return;
      expect(wait).toBeGreaterThanOrEqual(RETRY_AFTER_MIN_MS);
      expect(wait).toBeLessThanOrEqual(RETRY_AFTER_MAX_MS);
    }),
  );
});
