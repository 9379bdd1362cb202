/**
 * What a clock on the wall shows, in any zone of the IANA database, by the rules that Node itself carries. A
 * zone is its offset at an instant and nothing else: from that follow its hours, its days, and the instants at
 * which it changes, however much that is (half an hour on Lord Howe, a whole day in Samoa at the end of 2011).
 */

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** Monday is 0. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** 1970 began on a Thursday. */
const FIRST_WEEKDAY = 3;

export interface LocalTime {
  /** Since midnight as the clock on the wall shows it, 0 to 86,399,999. */
  readonly ofDayMs: number;
  /** Its place in `WEEKDAYS`. */
  readonly weekday: number;
}

export interface Zone {
  readonly name: string;
  /** Local time minus UTC. `at` is in milliseconds since 1970, here and below. */
  offsetMs(at: number): number;
  localAt(at: number): LocalTime;
  /**
   * The first instant after `at`, and not after `untilAt`, from which on the offset is another one. Right if there is
   * at most one change in between.
   */
  changeWithin(at: number, untilAt: number): number | undefined;
}

/** Throws a RangeError if there is no such zone. */
export function createZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });

  function offsetMs(at: number): number {
    const wholeSecond = Math.floor(at / 1_000) * 1_000;
    const parts = new Map(format.formatToParts(wholeSecond).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const [year, month, day] = [part('year'), part('month'), part('day')];
    return Date.UTC(year, month - 1, day, part('hour'), part('minute'), part('second')) - wholeSecond;
  }

  return {
    name,
    offsetMs,
    localAt(at) {
      const local = at + offsetMs(at);
      const days = Math.floor(local / DAY_MS);
      return {
        ofDayMs: local - days * DAY_MS,
        weekday: (((days + FIRST_WEEKDAY) % WEEKDAYS.length) + WEEKDAYS.length) % WEEKDAYS.length,
      };
    },
    changeWithin(at, untilAt) {
      const before = offsetMs(at);
      if (offsetMs(untilAt) === before) return undefined;
      let [same, other] = [Math.floor(at / 1_000), Math.ceil(untilAt / 1_000)];
      while (other - same > 1) {
        const middle = Math.floor((same + other) / 2);
        if (offsetMs(middle * 1_000) === before) same = middle;
        else other = middle;
      }
      return other * 1_000;
    },
  };
}

/** Area/City and the like: what Node also takes (`+01:00`) has no summer time, which is hardly meant. */
const ZONE_PATTERN = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;

export function isZone(name: string): boolean {
  if (!ZONE_PATTERN.test(name)) return false;
  try {
    createZone(name);
    return true;
  } catch {
    return false;
  }
}

/** All that can be meant by a name with a typing mistake in it. */
export function knownZones(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

/** As it was when the process began; UTC if the machine names none that there is. */
export function machineZone(): string {
  // The type promises a name; of a TZ that means nothing to it, Node 20 makes `undefined`.
  const name: string | undefined = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return name !== undefined && isZone(name) ? name : 'UTC';
}
