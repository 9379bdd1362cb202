/**
 * Hours in which something rests because a person wants so: windows of the day in the zone of a place, on a clock
 * that may be wrong. While nobody vouches for the clock there are none: one that begins in 1970 would silence
 * what is well, for as long as it is wrong, and a reading too many harms nobody.
 *
 * Asked again and again, not told: so a clock that is set is followed with the next question.
 */

import { createDayWindows, type DayWindow } from './day-windows.ts';
import { DAY_MS, MINUTE_MS, WEEKDAYS, type Zone } from './local-time.ts';
import type { Moment } from './steady-wall.ts';

export interface Quiet {
  /** Wall time of the end. */
  readonly untilAt: number;
  /** The end on the monotonic clock, if neither clock is set and the machine does not sleep until then. */
  readonly untilMono: number;
  /** `until 06:00`, `until mon 06:00`: as the clocks of the zone will show it. */
  readonly words: string;
}

export interface QuietHours {
  /** `undefined`: it is not quiet now, or nobody can tell. */
  now(): Quiet | undefined;
}

export interface QuietHoursOptions {
  readonly windows: readonly DayWindow[];
  readonly zone: Zone;
  readonly moment: () => Moment;
}

export function createQuietHours({ windows, zone, moment }: QuietHoursOptions): QuietHours {
  const open = createDayWindows(windows, zone);
  /** What holds from one moment to another, because a search costs a hundred questions to the zone. */
  let known: { readonly fromAt: number; readonly untilAt: number; readonly isQuiet: boolean } | undefined;

  return {
    now() {
      const { at, monoMs, trusted } = moment();
      if (!trusted) return undefined;
      if (known === undefined || at < known.fromAt || at >= known.untilAt) {
        // One that never ends is looked at anew tomorrow.
        const untilAt = open.changeAfter(at) ?? at + DAY_MS;
        known = { fromAt: at, untilAt, isQuiet: open.isOpen(at) };
      }
      const { untilAt, isQuiet } = known;
      if (!isQuiet) return undefined;
      return { untilAt, untilMono: monoMs + (untilAt - at), words: untilInWords(zone, at, untilAt) };
    },
  };
}

function untilInWords(zone: Zone, at: number, untilAt: number): string {
  const { ofDayMs, weekday } = zone.localAt(untilAt);
  const minutes = Math.floor(ofDayMs / MINUTE_MS);
  const two = (n: number) => String(n).padStart(2, '0');
  const time = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  // The hour alone means the next time that a clock shows it.
  return untilAt - at < DAY_MS ? `until ${time}` : `until ${WEEKDAYS[weekday] ?? ''} ${time}`;
}
