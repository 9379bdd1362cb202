/**
 * The windows are held against a clock on the wall of their own: Intl's text of an instant, minute by minute. The
 * instants lie around those in which the clocks of four zones are set, by an hour, by half an hour, by a day.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coverAll, createDayWindows, type DayWindow, overlapOf, parseDayWindow } from './day-windows.ts';
import { createZone, WEEKDAYS } from './local-time.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const windowsIn = (zone: string, ...texts: string[]) =>
  createDayWindows(texts.map(parseDayWindow), createZone(zone));

describe('a window of the day', () => {
  test.each([
    ['23:00-06:00', 1_380, 360, 'mon,tue,wed,thu,fri,sat,sun'],
    ['mon-fri 08:00-17:30', 480, 1_050, 'mon,tue,wed,thu,fri'],
    ['sat 00:00-24:00', 0, 1_440, 'sat'],
    ['fri-mon 22:00-00:00', 1_320, 1_440, 'fri,sat,sun,mon'],
  ])('%s is from minute %d to minute %d of %s', (text, start, end, days) => {
    const window = parseDayWindow(text);

    expect(window).toMatchObject({ text, start, end });
    expect([...window.days].map((day) => WEEKDAYS[day]).join()).toBe(days);
  });

  test.each([
    ['', 'is not a window of the day'],
    ['23-6', 'is not a window of the day'],
    ['9:00-17:00', 'is not a window of the day'],
    ['mon,tue 23:00-06:00', 'is not a window of the day'],
    ['moo 23:00-06:00', 'names a day that is none of mon, tue'],
    ['mon-moo 23:00-06:00', 'names a day that is none of mon, tue'],
    ['23:60-06:00', 'has a time that no clock shows'],
    ['24:00-06:00', 'has a time that no clock shows'],
    ['23:00-24:01', 'has a time that no clock shows'],
    ['23:00-23:00', 'begins and ends at the same time'],
    ['00:00-00:00', 'begins and ends at the same time'],
  ])('is not "%s", which %s', (text, told) => {
    expect(() => parseDayWindow(text)).toThrow(told);
  });

  test('overlaps another one if they share a minute of the week', () => {
    const overlap = (...texts: string[]) => overlapOf(texts.map(parseDayWindow))?.map(({ text }) => text);

    expect(overlap('23:00-06:00', '05:59-08:00')).toEqual(['23:00-06:00', '05:59-08:00']);
    expect(overlap('sun 23:00-06:00', 'mon 00:00-01:00')).toEqual(['sun 23:00-06:00', 'mon 00:00-01:00']);
    expect(overlap('23:00-06:00', '06:00-08:00')).toBeUndefined();
    expect(overlap('mon-fri 00:00-12:00', 'sat-sun 00:00-12:00')).toBeUndefined();
  });

  test('leaves something of the week, or with others nothing', () => {
    const cover = (...texts: string[]) => coverAll(texts.map(parseDayWindow));

    expect(cover('00:00-24:00')).toBe(true);
    expect(cover('06:00-23:00', '23:00-06:00')).toBe(true);
    expect(cover('06:00-23:00', 'mon-sat 23:00-06:00')).toBe(false);
  });
});

describe('windows on the days on which clocks are set', () => {
  test.each([
    // The hour from 02:00 is left out: what lies in it does not happen, what reaches out of it is shorter.
    ['Europe/Berlin', '02:00-03:00', '2026-03-28T12:00Z', ['03-30 00:00Z', '03-30 01:00Z']],
    ['Europe/Berlin', '02:30-04:00', '2026-03-29T00:00Z', ['03-29 01:00Z', '03-29 02:00Z']],
    ['Europe/Berlin', '23:00-06:00', '2026-03-28T12:00Z', ['03-28 22:00Z', '03-29 04:00Z']],
    // The hour from 02:00 comes twice: what lies in it happens twice, what spans it is longer.
    [
      'Europe/Berlin',
      '02:15-02:45',
      '2026-10-24T23:00Z',
      ['10-25 00:15Z', '10-25 00:45Z', '10-25 01:15Z', '10-25 01:45Z'],
    ],
    ['Europe/Berlin', '23:00-06:00', '2026-10-24T12:00Z', ['10-24 21:00Z', '10-25 05:00Z']],
    ['America/New_York', '23:00-06:00', '2026-03-07T12:00Z', ['03-08 04:00Z', '03-08 10:00Z']],
    ['America/New_York', '23:00-06:00', '2026-10-31T12:00Z', ['11-01 03:00Z', '11-01 11:00Z']],
    ['Australia/Lord_Howe', '23:00-06:00', '2026-04-04T06:00Z', ['04-04 12:00Z', '04-04 19:30Z']],
    ['Australia/Lord_Howe', '23:00-06:00', '2026-10-03T06:00Z', ['10-03 12:30Z', '10-03 19:00Z']],
    // Samoa went from Thursday to Saturday. The night that began on Thursday was one night, and Friday had none.
    ['Pacific/Apia', 'thu 23:00-06:00', '2011-12-29T20:00Z', ['12-30 09:00Z', '12-30 16:00Z']],
    ['Pacific/Apia', 'fri 23:00-06:00', '2011-12-29T20:00Z', ['01-06 09:00Z', '01-06 16:00Z']],
    ['Pacific/Apia', 'fri 00:00-24:00', '2011-12-29T20:00Z', ['01-05 10:00Z', '01-06 10:00Z']],
  ])('%s: %s changes as people expect, from %s on', (zone, text, from, changes) => {
    const windows = windowsIn(zone, text);

    const seen: string[] = [];
    for (let at: number | undefined = Date.parse(from); at !== undefined && seen.length < changes.length; ) {
      at = windows.changeAfter(at);
      if (at !== undefined) seen.push(new Date(at).toISOString().replace(/^\d+-(.*)T(.*):00.000Z/, '$1 $2Z'));
    }

    expect(windows.isOpen(Date.parse(from))).toBe(false);
    expect(seen).toEqual(changes);
  });

  const SET_AT = {
    'Europe/Berlin': ['2026-03-29T01:00Z', '2026-10-25T01:00Z'],
    'America/New_York': ['2026-03-08T07:00Z', '2026-11-01T06:00Z'],
    'Australia/Lord_Howe': ['2026-04-04T15:00Z', '2026-10-03T15:30Z'],
    'Pacific/Apia': ['2011-12-30T10:00Z', '2012-03-31T14:00Z'],
    'Africa/Cairo': ['2026-04-23T22:00Z', '2026-10-29T21:00Z'],
  };

  /** What a clock on the wall shows, read from its text, and what it showed on the day before. */
  function wallClock(zone: string) {
    const time = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, timeStyle: 'short' });
    const day = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
    const name = new Intl.DateTimeFormat('en-US', { timeZone: zone, weekday: 'short' });
    const nameAt = (at: number) => name.format(at).toLowerCase();
    function dayBefore(at: number): string {
      let then = at;
      while (day.format(then) === day.format(at)) then -= 15 * MINUTE_MS;
      return nameAt(then);
    }
    return (at: number, { text, days }: DayWindow) => {
      const on = [...days].map((one): string => WEEKDAYS[one] ?? '');
      const [start = '', end = ''] = text.slice(-11).split('-');
      const shown = time.format(at);
      if (start < end) return shown >= start && shown < end && on.includes(nameAt(at));
      return shown >= start ? on.includes(nameAt(at)) : shown < end && on.includes(dayBefore(at));
    };
  }

  const two = (n: number) => String(n).padStart(2, '0');
  const anyTime = fc.integer({ min: 0, max: 1_439 }).map((m) => `${two(Math.floor(m / 60))}:${two(m % 60)}`);
  const anyDays = fc.constantFrom('', '', ...WEEKDAYS.map((day) => `${day} `), 'mon-fri ', 'sat-thu ');
  const anyWindow = fc
    .tuple(anyDays, anyTime, anyTime)
    .filter(([, start, end]) => start !== end && end !== '00:00')
    .map(([days, start, end]) => parseDayWindow(`${days}${start}-${end}`));

  test.each(Object.entries(SET_AT))(
    '%s: are open exactly while the clock on the wall shows it',
    (zone, setAt) => {
      const shows = wallClock(zone);
      fc.assert(
        fc.property(
          fc.array(anyWindow, { minLength: 1, maxLength: 3 }),
          fc.constantFrom(...setAt),
          fc.integer({ min: -1_440, max: 1_440 }),
          (windows, set, minutes) => {
            const open = createDayWindows(windows, createZone(zone));
            const at = Date.parse(set) + minutes * MINUTE_MS;
            const isOpen = (when: number) => windows.some((window) => shows(when, window));

            expect(open.isOpen(at)).toBe(isOpen(at));
            const changeAt = open.changeAfter(at) ?? at + 9 * DAY_MS;
            for (let when = at; when < Math.min(changeAt, at + DAY_MS); when += 5 * MINUTE_MS)
              if (isOpen(when) !== isOpen(at)) expect.fail(new Date(when).toISOString());
            expect(isOpen(changeAt - 1)).toBe(isOpen(at));
            if (changeAt < at + 9 * DAY_MS) expect(isOpen(changeAt)).toBe(!isOpen(at));
          },
        ),
        { numRuns: 25 },
      );
    },
  );

  test('twin: whoever steps over the moment in which the clock is set finds the end an hour late', () => {
    const berlin = createZone('Europe/Berlin');
    const stepsOver = { ...berlin, changeWithin: () => undefined };
    const from = Date.parse('2026-03-28T23:00Z');
    const end = (zone: typeof berlin) =>
      createDayWindows([parseDayWindow('23:00-06:00')], zone).changeAfter(from);

    expect(end(berlin)).toBe(Date.parse('2026-03-29T04:00Z'));
    expect(end(stepsOver)).toBe(Date.parse('2026-03-29T05:00Z'));
  });
});
