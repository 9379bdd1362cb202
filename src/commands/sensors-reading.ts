/** One look at a source from the command line: contained as the reader contains it, and in words for people. */

import type { Clock } from '../../lib/base/clock.ts';
import { withDeadline } from '../../lib/base/deadline.ts';
import { checkMeasurements, messageOfAnything } from '../../lib/flow/acquire/checked-measurement.ts';
import type { Measurement, SensorSource } from '../../lib/flow/acquire/sensor-source.ts';
import { NOT_IN_TIME } from '../../lib/flow/acquire/sources/kernel/device-turns.ts';

/** As the readings have it; `raw` is what the sensor gave, if it was calibrated just now. */
export type ShownMeasurement = Measurement & { readonly raw?: number };

export interface SourceAnswer {
  readonly source: string;
  readonly measurements: readonly ShownMeasurement[];
  /** Sensors that gave nothing, or nothing to trust, and why. */
  readonly troubles: Readonly<Record<string, string>>;
  /** Why the source as a whole gave nothing. */
  readonly failure: string | undefined;
  /** It, or one of its devices, has not ended and may hold a thread of this process. */
  readonly hangs: boolean;
  /** When the running reader took these values; left out if they were taken just now. */
  readonly takenAt?: number;
}

/** Reads it once, within its deadline. Never rejects. */
export async function readContained(clock: Clock, source: SensorSource): Promise<SourceAnswer> {
  const { name, deadlineMs } = source;
  const nothing = { source: name, measurements: [], troubles: {}, hangs: false };
  try {
    const timed = await withDeadline(clock, `read ${name}`, deadlineMs, async (signal) =>
      source.read(signal),
    );
    if (timed.late) {
      return { ...nothing, failure: `gave no answer within ${deadlineMs} ms`, hangs: true };
    }
    const { measurements, rejections } = checkMeasurements(timed.value);
    const rejected = rejections.map(({ sensor, metric, message }) => [`${sensor} ${metric}`, message]);
    const troubles = { ...source.troubles?.(), ...Object.fromEntries(rejected) };
    const hangs = Object.values(troubles).includes(NOT_IN_TIME);
    return { source: name, measurements, troubles, failure: undefined, hangs };
  } catch (error) {
    return { ...nothing, failure: messageOfAnything(error) };
  }
}
