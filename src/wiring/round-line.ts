/** A round as somebody who watches the screen wants to see it: a few values, and how many there are. */

import type { Reading } from '../../lib/flow/reading.ts';

/** So many fit on a line of a terminal. */
const SHOWN_MAX = 4;

/** What people look for first; other units follow in the order of the round. */
const FIRST_UNITS: readonly string[] = ['celsius', 'percent'];

const SYMBOLS: Readonly<Record<string, string>> = {
  celsius: ' °C',
  percent: ' %',
  volt: ' V',
  pascal: ' Pa',
  byte: ' bytes',
  second: ' s',
};

/** `36 readings: simulated-greenhouse temperature 21.4 °C, cpu load1 0.96, ...`: a value of each of a few sensors. */
export function roundLine(readings: readonly Reading[]): string {
  const rank = ({ unit }: Reading) =>
    FIRST_UNITS.includes(unit) ? FIRST_UNITS.indexOf(unit) : FIRST_UNITS.length;
  const first = new Map<string, Reading>();
  for (const reading of [...readings].sort((a, b) => rank(a) - rank(b))) {
    if (!first.has(reading.sensor)) first.set(reading.sensor, reading);
  }
  const shown = Array.from(first.values())
    .slice(0, SHOWN_MAX)
    .map(({ sensor, metric, value, unit }) => `${sensor} ${metric} ${rounded(value)}${SYMBOLS[unit] ?? ''}`);
  return `${readings.length} readings: ${shown.join(', ')}`;
}

/** Four digits are plenty for the eye; the store has them all. */
function rounded(value: number): string {
  return Number(value.toPrecision(4)).toString();
}
