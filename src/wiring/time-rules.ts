/** What settings of local time may be: zones and windows of the day; each with the sentence for one that is not. */

import { DAY_WINDOW_FORM, type DayWindow, parseDayWindow } from '../../lib/base/day-windows.ts';
import { messageOf } from '../../lib/base/errors.ts';
import { isZone, knownZones } from '../../lib/base/local-time.ts';
import { didYouMean } from '../../lib/base/nearest.ts';
import type { TextRules } from '../../lib/base/setting-kinds.ts';
import { shown } from '../../lib/base/setting-kinds.ts';

export const ZONE: TextRules = {
  values: 'a zone of the IANA database, such as Europe/Berlin or UTC',
  problem: (name) =>
    isZone(name)
      ? undefined
      : `${shown(name)} is no time zone that is known here.${didYouMean(name, knownZones())} Use ${ZONE.values}.`,
};

/** For one that shall have none of what all others have. */
export const NEVER = 'never';

export const WINDOW: TextRules = {
  values: DAY_WINDOW_FORM,
  problem: (text) => {
    if (text === NEVER) return undefined;
    try {
      parseDayWindow(text);
      return undefined;
    } catch (error) {
      return `${shown(text)} ${messageOf(error)}`;
    }
  },
};

/** Of texts that have no problem. */
export function windowsOf(texts: readonly string[]): readonly DayWindow[] {
  return texts.filter((text) => text !== NEVER).map(parseDayWindow);
}
