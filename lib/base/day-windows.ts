/**
 * Windows of the day, as people write them: `23:00-06:00`, `mon-fri 08:00-17:00`, `sat-sun 00:00-24:00`. One is
 * open whenever a clock on the wall of the zone shows a time within it, so nobody has to know when clocks change:
 * an hour that is left out is left out of the window, and one that is repeated counts twice.
 *
 * A window across midnight belongs to the day on which it begins. With `fri 23:00-06:00` Saturday's early hours
 * are the rest of Friday's night.
 */

import { DAY_MS, MINUTE_MS, WEEKDAYS, type Zone } from './local-time.ts';

export interface DayWindow {
  /** As it was written. */
  readonly text: string;
  /** Minutes since midnight, 0 to 1439; `end` is 1 to 1440, and not more than `start` if it is on the next day. */
  readonly start: number;
  readonly end: number;
  /** Places in `WEEKDAYS`; all of them if no days were written. */
  readonly days: ReadonlySet<number>;
}

export interface DayWindows {
  isOpen(at: number): boolean;
  /** The first instant after `at` from which on that is different; `undefined` if there is none within nine days. */
  changeAfter(at: number): number | undefined;
}

const DAY_MINUTES = 1_440;
const WEEK_MINUTES = DAY_MINUTES * WEEKDAYS.length;

/** What repeats each week has changed within one; and a day may be left out of the calendar, or come twice. */
const SEARCH_MS = 9 * DAY_MS;

/** Further back than midnight, by more than a clock was ever set at night, and still on the day before. */
const EVENING_BEFORE_MS = 3 * 3_600_000;

export const DAY_WINDOW_FORM = 'HH:MM-HH:MM or mon-fri HH:MM-HH:MM';

/** Throws a RangeError that says, in a sentence, what is wrong. */
export function parseDayWindow(text: string): DayWindow {
  const match = /^(?:([a-z]{3})(?:-([a-z]{3}))? +)?(\d{2}):(\d{2})-(\d{2}):(\d{2})$/.exec(text);
  if (match === null) throw new RangeError(`is not a window of the day. Write ${DAY_WINDOW_FORM}.`);
  const [, firstDay, lastDay, ...digits] = match;
  const [startHour = 0, startMinute = 0, endHour = 0, endMinute = 0] = digits.map(Number);
  const [start, end] = [startHour * 60 + startMinute, endHour * 60 + endMinute];
  if (Math.max(startMinute, endMinute) > 59 || start >= DAY_MINUTES || end > DAY_MINUTES) {
    throw new RangeError(
      'has a time that no clock shows. Use 00:00 to 23:59, and 24:00 for the end of a day.',
    );
  }
  if (start === end) {
    throw new RangeError('begins and ends at the same time. Write 00:00-24:00 if the whole day is meant.');
  }
  return {
    text,
    start,
    end: end === 0 ? DAY_MINUTES : end,
    days: daysOf(firstDay ?? 'mon', lastDay ?? firstDay ?? 'sun'),
  };
}

const DAY_NAMES: readonly string[] = WEEKDAYS;

function daysOf(first: string, last: string): ReadonlySet<number> {
  const [from, to] = [DAY_NAMES.indexOf(first), DAY_NAMES.indexOf(last)];
  if (from < 0 || to < 0) throw new RangeError(`names a day that is none of ${WEEKDAYS.join(', ')}.`);
  // `fri-mon` goes through Sunday.
  const count = ((to - from + WEEKDAYS.length) % WEEKDAYS.length) + 1;
  return new Set(Array.from({ length: count }, (_, i) => (from + i) % WEEKDAYS.length));
}

/** Two of them that share a minute of the week, which is hardly meant; `undefined` if none do. */
export function overlapOf(windows: readonly DayWindow[]): readonly [DayWindow, DayWindow] | undefined {
  for (const [i, window] of windows.entries()) {
    const minutes = minutesOf(window);
    const other = windows
      .slice(0, i)
      .find((one) => [...minutesOf(one)].some((minute) => minutes.has(minute)));
    if (other !== undefined) return [other, window];
  }
  return undefined;
}

/** Whether they leave no minute of the week. */
export function coverAll(windows: readonly DayWindow[]): boolean {
  return new Set(windows.flatMap((one) => [...minutesOf(one)])).size === WEEK_MINUTES;
}

function minutesOf({ start, end, days }: DayWindow): ReadonlySet<number> {
  const length = end > start ? end - start : end + DAY_MINUTES - start;
  return new Set(
    [...days].flatMap((day) =>
      Array.from({ length }, (_, i) => (day * DAY_MINUTES + start + i) % WEEK_MINUTES),
    ),
  );
}

export function createDayWindows(windows: readonly DayWindow[], zone: Zone): DayWindows {
  /** Where anything can begin or end, ascending; midnight, because the day may matter. */
  const edges = [...new Set([...windows.flatMap(({ start, end }) => [start, end]), DAY_MINUTES])].sort(
    (a, b) => a - b,
  );

  function isOpen(at: number): boolean {
    const { ofDayMs, weekday } = zone.localAt(at);
    const minute = Math.floor(ofDayMs / MINUTE_MS);
    // Asked of the zone, not of the calendar: the day before need not have been the one that comes before it.
    const dayBefore = () => zone.localAt(at - ofDayMs - EVENING_BEFORE_MS).weekday;
    return windows.some(({ start, end, days }) => {
      if (start < end) return minute >= start && minute < end && days.has(weekday);
      if (minute >= start) return days.has(weekday);
      return minute < end && days.has(dayBefore());
    });
  }

  /** The next edge as the clock on the wall will show it, or the moment in which that clock is set. */
  function stepAfter(at: number): number {
    const { ofDayMs } = zone.localAt(at);
    const edgeMs = (edges.find((edge) => edge * MINUTE_MS > ofDayMs) ?? DAY_MINUTES) * MINUTE_MS;
    const edgeAt = at + edgeMs - ofDayMs;
    return zone.changeWithin(at, edgeAt) ?? edgeAt;
  }

  return {
    isOpen,
    changeAfter(at) {
      const before = isOpen(at);
      for (let next = stepAfter(at); next <= at + SEARCH_MS; next = stepAfter(next)) {
        if (isOpen(next) !== before) return next;
      }
      return undefined;
    },
  };
}
