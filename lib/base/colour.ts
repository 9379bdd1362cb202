/** Whether to colour what is written to a descriptor. */

import { isatty } from 'node:tty';

/** Colours are for terminals whose owner has not declined them (https://no-color.org). */
export function wantsColour(fd: number, environment: Readonly<Record<string, string | undefined>>): boolean {
  return isatty(fd) && !environment.NO_COLOR && environment.TERM !== 'dumb';
}
