import { describe, expect, test } from 'vitest';
import { parseDayWindow } from './day-windows.ts';
import { createZone } from './local-time.ts';
import { createQuietHours } from './quiet-hours.ts';

const HOUR_MS = 3_600_000;

/** Nights in Berlin, and a clock that a test sets. */
function night(at: string, ...texts: string[]) {
  const clock = { at: Date.parse(at), monoMs: 1_000, trusted: true };
  let asked = 0;
  const berlin = createZone('Europe/Berlin');
  const zone = {
    ...berlin,
    localAt(when: number) {
      asked += 1;
      return berlin.localAt(when);
    },
  };
  const windows = (texts.length > 0 ? texts : ['23:00-06:00']).map(parseDayWindow);
  const quiet = createQuietHours({ windows, zone, moment: () => ({ ...clock }) });
  return { clock, quiet, asked: () => asked };
}

describe('quiet hours', () => {
  test('begin and end with their window, and say until when', () => {
    const { clock, quiet } = night('2026-01-15T21:59:59.999Z');
    const before = quiet.now();

    clock.at += 1;
    const begun = quiet.now();
    clock.at += 7 * HOUR_MS - 1;
    const last = quiet.now();
    clock.at += 1;

    expect(before).toBeUndefined();
    expect(begun).toEqual({
      untilAt: Date.parse('2026-01-16T05:00Z'),
      untilMono: 1_000 + 7 * HOUR_MS,
      words: 'until 06:00',
    });
    expect(last).toMatchObject({ untilMono: 1_001, words: 'until 06:00' });
    expect(quiet.now()).toBeUndefined();
  });

  test('that last longer than a day name the day', () => {
    const { quiet } = night('2026-01-16T22:30Z', 'fri 23:00-24:00', 'sat-sun 00:00-24:00', 'mon 00:00-06:00');

    expect(quiet.now()?.words).toBe('until mon 06:00');
  });

  test('are none while nobody vouches for the clock, and begin when somebody does', () => {
    const { clock, quiet } = night('2026-01-15T23:30Z');
    clock.trusted = false;

    const before = quiet.now();
    clock.trusted = true;

    expect(before).toBeUndefined();
    expect(quiet.now()?.words).toBe('until 06:00');
  });

  test.each([
    ['forward, out of the window', '2026-01-15T23:30Z', 8 * HOUR_MS, false],
    ['forward, into it', '2026-01-15T20:00Z', 3 * HOUR_MS, true],
    ['back, out of it', '2026-01-15T23:30Z', -2 * HOUR_MS, false],
    ['back, into it', '2026-01-16T05:30Z', -2 * HOUR_MS, true],
    ['on by a year', '2026-01-15T23:30Z', 365 * 24 * HOUR_MS, true],
  ])('follow a clock that is set %s', (_how, at, byMs, isQuiet) => {
    const { clock, quiet } = night(at);
    quiet.now();

    clock.at += byMs;

    expect(quiet.now() !== undefined).toBe(isQuiet);
  });

  test('ask the zone once in a window, however often they are asked', () => {
    const { clock, quiet, asked } = night('2026-01-15T12:00Z');
    quiet.now();
    const first = asked();

    for (let n = 0; n < 1_000; n += 1) {
      clock.at += 10_000;
      quiet.now();
    }

    expect(asked()).toBe(first);
  });
});
