/** The metrics of a text, for tests to look at. */

import { parseExposition } from '../../lib/ops/metrics/exposition.ts';

/** Every sample as it stands there, without the rest. Throws if it is not in the format. */
export function linesOf(text: string): string[] {
  return parseExposition(text).flatMap(({ samples }) => samples.map(({ line }) => line));
}

/** Every series, as it is written, with its value. */
export function seriesOf(text: string): ReadonlyMap<string, number> {
  const samples = parseExposition(text).flatMap((family) => family.samples);
  return new Map(samples.map(({ line, value }) => [line.slice(0, line.lastIndexOf(' ')), value]));
}
