/**
 * The outbox's own look at what it accepts. The sampler has validated it already; but a value that is not
 * finite would be text that no JSON parser takes, in a batch that could then never be delivered.
 */

import { GatewayError } from '../../base/errors.ts';
import { AT_MAX, FLAG, FLAGS_MAX, isWhole, type Reading } from '../reading.ts';

/** Throws `SGW_READING_INVALID`. Names are looked at once for each series, where it enters its table. */
export function assertReading({ sensor, metric, at, value, flags, monoMs }: Reading): void {
  const ok =
    Number.isFinite(value) &&
    isWhole(at, 0, AT_MAX) &&
    isWhole(monoMs) &&
    isWhole(flags, 0, FLAGS_MAX) &&
    (flags & FLAG.thinned) === 0;
  if (ok) return;
  const what = `${sensor}/${metric}: value ${value}, at ${at}, monoMs ${monoMs}, flags ${flags}`;
  throw new GatewayError('SGW_READING_INVALID', `the outbox takes no reading of ${what}`, {
    hint: `A value is finite; at and monoMs are whole milliseconds; flags are 0 to ${FLAGS_MAX}, without ${FLAG.thinned}.`,
  });
}
