/**
 * From what a source measured to readings: calibrated, judged, stamped. The judge sees calibrated values, because
 * limits speak of the world, in numbers that people know, and not of a chip: a range stays right when the chip behind
 * it is exchanged and calibrated anew. Nothing is dropped here for its value; what cannot be a number is rejected.
 */

import type { FlowEvent, Observe } from '../flow-event.ts';
import { FLAG, type Reading } from '../reading.ts';
import {
  type CalibrationOfSeries,
  type Calibrator,
  createCalibrator,
  isCalibrationMetric,
} from './calibration.ts';
import type { Rejection } from './checked-measurement.ts';
import { limitsFrom, type QualityRule } from './quality/quality-rules.ts';
import { createSourceQuality, type SeriesQuality } from './quality/series-quality.ts';
import type { Measurement } from './sensor-source.ts';
import type { Stamp } from './stamp.ts';

export interface Appraised {
  /** One for each measurement that is not rejected. */
  readonly readings: readonly Reading[];
  /** What the readings were calibrated with, where it is time to store that; to be accepted before them. */
  readonly calibrations: readonly Reading[];
  readonly rejections: readonly Rejection[];
}

/** Of one source. */
export interface Appraisal {
  /** The source is read once more, whatever comes of it. */
  nextRead(): void;
  appraise(measurements: readonly Measurement[], stamp: Stamp): Appraised;
  quality(): readonly SeriesQuality[];
}

export interface Appraiser {
  of(source: string): Appraisal;
  /** Calibrations of series that no measurement has come of since the start. */
  unmetCalibrations(): ReturnType<Calibrator['unmet']>;
  observe(event: FlowEvent): void;
}

export interface AppraiserOptions {
  readonly calibrations?: readonly CalibrationOfSeries[];
  readonly quality?: readonly QualityRule[];
  readonly observe: Observe;
}

export function createAppraiser(options: AppraiserOptions): Appraiser {
  const calibrator = createCalibrator(options.calibrations ?? []);
  const limitsOf = limitsFrom(options.quality ?? []);

  return {
    observe: calibrator.observe,
    unmetCalibrations: calibrator.unmet,
    of(source) {
      const quality = createSourceQuality({ source, limitsOf, observe: options.observe });

      function appraise(measurements: readonly Measurement[], stamp: Stamp): Appraised {
        const readings: Reading[] = [];
        const calibrations: Reading[] = [];
        const rejections: Rejection[] = [];
        for (const measured of measurements) {
          const { sensor, metric } = measured;
          const calibrated = calibrator.calibrated(measured);
          const { value } = calibrated ?? measured;
          const problem = problemWith(metric, value);
          if (problem !== undefined) {
            rejections.push({ sensor, metric, message: problem });
            continue;
          }
          for (const one of calibrator.due(measured, stamp.monoMs)) calibrations.push({ ...one, ...stamp });
          const flags = stamp.flags | (calibrated === undefined ? 0 : FLAG.calibrated);
          const reading = { ...measured, ...stamp, value, flags };
          readings.push(quality.isSuspect(reading) ? { ...reading, flags: flags | FLAG.suspect } : reading);
        }
        return { readings, calibrations, rejections };
      }

      return { nextRead: quality.nextRead, appraise, quality: quality.status };
    },
  };
}

function problemWith(metric: string, value: number): string | undefined {
  if (isCalibrationMetric(metric)) return 'a metric of this name is what calibrations are stored under';
  return Number.isFinite(value) ? undefined : `value ${value} is not a finite number once it is calibrated`;
}
