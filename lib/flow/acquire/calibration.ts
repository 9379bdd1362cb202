/**
 * What a sensor gives is not always what is true: a calibration says by how much, as `value * scale + offset`. A
 * calibrated reading says so by a flag, and what it was calibrated with is stored beside it, as readings of the same
 * sensor (`temperature_calibration_scale`, `temperature_calibration_offset`), before the first of them and again now
 * and then. So whoever has the stored readings can always tell what the sensor gave.
 */

import type { FlowEvent } from '../flow-event.ts';
import { NAME_LENGTH_MAX } from '../reading.ts';
import type { Measurement } from './sensor-source.ts';

export interface Calibration {
  /** Not 0. */
  readonly scale: number;
  /** In the unit of the metric. */
  readonly offset: number;
}

export interface CalibrationOfSeries extends Calibration {
  readonly sensor: string;
  readonly metric: string;
}

export interface Calibrator {
  /** The measurement as it should be; `undefined`: as it is. The value may have become infinite. */
  calibrated(measurement: Measurement): Measurement | undefined;
  /** The calibration of this measurement's series as measurements, if it is time to store it. Asking takes them. */
  due(measurement: Measurement, monoMs: number): readonly Measurement[];
  /** Series that no measurement has come of since the start: perhaps nobody has that name. */
  unmet(): readonly Pick<CalibrationOfSeries, 'sensor' | 'metric'>[];
  observe(event: FlowEvent): void;
}

/**
 * Stored calibrations may be given up with the oldest readings of a full outbox, or leave a store with its oldest
 * days, while the run that they were stored in goes on for months. Two in 360 readings cost nothing.
 */
const STORED_EVERY_MS = 3_600_000;

/** The digits that a double keeps: what arithmetic adds behind them is no part of a value, and costs bytes. */
const DIGITS = 15;

const [SCALE_SUFFIX, OFFSET_SUFFIX] = ['_calibration_scale', '_calibration_offset'] as const;

/** A longer metric would leave no room for the name of its calibration. */
export const CALIBRATED_METRIC_LENGTH_MAX = NAME_LENGTH_MAX - OFFSET_SUFFIX.length;

/** Under which metrics the calibration of a metric is stored. */
export function calibrationMetrics(metric: string): { readonly scale: string; readonly offset: string } {
  return { scale: `${metric}${SCALE_SUFFIX}`, offset: `${metric}${OFFSET_SUFFIX}` };
}

/** Whether readings of this metric are calibrations; a source of its own has no business with such a name. */
export function isCalibrationMetric(metric: string): boolean {
  return metric.endsWith(SCALE_SUFFIX) || metric.endsWith(OFFSET_SUFFIX);
}

export function calibrate(value: number, { scale, offset }: Calibration): number {
  return rounded(value * scale + offset);
}

/** What the sensor gave, to the digits that the two have in common. */
export function rawOf(calibrated: number, { scale, offset }: Calibration): number {
  return rounded((calibrated - offset) / scale);
}

function rounded(value: number): number {
  // Adding 0 turns negative zero into plain zero.
  return Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) + 0 : value;
}

interface Known extends CalibrationOfSeries {
  met: boolean;
  /** `undefined`: not, or nobody knows what became of it. */
  storedMono: number | undefined;
}

/** For all sources together: as many series as there are `calibrations`. */
export function createCalibrator(calibrations: readonly CalibrationOfSeries[]): Calibrator {
  const known = new Map<string, Known>(
    calibrations.map((one) => [`${one.sensor} ${one.metric}`, { ...one, met: false, storedMono: undefined }]),
  );
  const of = ({ sensor, metric }: Measurement) => known.get(`${sensor} ${metric}`);
  let stream: string | undefined;
  let dropped = false;

  function storeAgain(): void {
    for (const one of known.values()) one.storedMono = undefined;
    dropped = false;
  }

  return {
    calibrated(measurement) {
      const calibration = of(measurement);
      if (calibration !== undefined) calibration.met = true;
      return calibration && { ...measurement, value: calibrate(measurement.value, calibration) };
    },
    due(measurement, monoMs) {
      const calibration = of(measurement);
      if (calibration === undefined) return [];
      const { storedMono } = calibration;
      if (storedMono !== undefined && monoMs - storedMono < STORED_EVERY_MS) return [];
      calibration.storedMono = monoMs;
      const { sensor, metric, unit } = measurement;
      const { scale, offset } = calibrationMetrics(metric);
      return [
        { sensor, metric: scale, unit: 'ratio', value: calibration.scale },
        { sensor, metric: offset, unit, value: calibration.offset },
      ];
    },
    unmet: () =>
      Array.from(known.values())
        .filter(({ met }) => !met)
        .map(({ sensor, metric }) => ({ sensor, metric })),
    observe(event) {
      if (event.type === 'outbox.append_failed') storeAgain();
      else if (event.type === 'reading.dropped') dropped = true;
      // Not at each drop: while a disk is broken every round drops an older one.
      else if (event.type === 'outbox.released' && dropped) storeAgain();
      else if (event.type === 'outbox.appended') {
        // A restored file begins another stream in the middle of a run.
        if (stream !== undefined && stream !== event.stream) storeAgain();
        stream = event.stream;
      }
    },
  };
}
