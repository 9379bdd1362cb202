import { describe, expect, it } from 'vitest';
import { ageInWords, count, isoTime, localTime, parseMoment } from './words.ts';

const NOW = Date.UTC(2026, 0, 15, 16, 9, 35);

describe('a moment on the command line', () => {
  it.each([
    ['5m', NOW - 300_000],
    ['2h', NOW - 7_200_000],
    ['7d', NOW - 604_800_000],
    ['2026-01-15T16:00:00Z', Date.UTC(2026, 0, 15, 16)],
    ['2026-01-15T16:00:00+01:00', Date.UTC(2026, 0, 15, 15)],
    ['2026-01-15T16:00', new Date(2026, 0, 15, 16).getTime()],
    ['2026-01-15 16:00:00', new Date(2026, 0, 15, 16).getTime()],
    ['2026-01-15', new Date(2026, 0, 15).getTime()],
  ])('%s', (text, at) => {
    expect(parseMoment('--since', text, NOW, 'gaps')).toBe(at);
  });

  it.each(['yesterday', '5', '5 m', '-5m', '2026-13-01', '2026-01-15T25:00', '15.1.2026', '', '1768493375'])(
    '%j is not guessed at',
    (text) => {
      expect(() => parseMoment('--since', text, NOW, 'gaps')).toThrow(
        /--since: ".*" is not a time\. Use 5m, 2h, 7d/,
      );
    },
  );
});

it('a moment for programs is one in UTC, or null where there is none that a date can say', () => {
  expect(isoTime(NOW)).toBe(new Date(NOW).toISOString());
  expect([undefined, null, Number.NaN, 8.64e15 + 1].map(isoTime)).toEqual([null, null, null, null]);
});

describe('words for people', () => {
  it.each([
    [-5_000, '0 s'],
    [4_400, '4 s'],
    [119_000, '119 s'],
    [41 * 60_000, '41 min'],
    [3 * 3_600_000, '3 h'],
    [12 * 86_400_000, '12 d'],
  ])('%i ms are %s', (ms, words) => {
    expect(ageInWords(ms)).toBe(words);
  });

  it('count in the singular and the plural', () => {
    expect([count(0, 'row'), count(1, 'row'), count(12_345, 'row')]).toEqual([
      '0 rows',
      '1 row',
      '12,345 rows',
    ]);
  });

  it('write a time as the clock on the wall shows it', () => {
    expect(localTime(new Date(2026, 0, 5, 6, 7, 8).getTime())).toBe('2026-01-05 06:07:08');
  });
});
