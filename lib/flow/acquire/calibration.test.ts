import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlowEvent } from '../flow-event.ts';
import { NAME_PATTERN } from '../reading.ts';
import {
  CALIBRATED_METRIC_LENGTH_MAX,
  type Calibration,
  calibrate,
  calibrationMetrics,
  createCalibrator,
  isCalibrationMetric,
  rawOf,
} from './calibration.ts';
import type { Measurement } from './sensor-source.ts';

const MEASURED: Measurement = { sensor: 'attic', metric: 'temperature', unit: 'celsius', value: 21.5 };
const ATTIC = { sensor: 'attic', metric: 'temperature', scale: 1.02, offset: -0.4 };
const HOUR_MS = 3_600_000;

/** What sensors give and people write: a few digits, of any size that a sensor has. */
const fewDigits = (max: number) =>
  fc
    .record({ digits: fc.integer({ min: -max, max }), power: fc.integer({ min: 0, max: 4 }) })
    .map(({ digits, power }) => digits / 10 ** power);

/** What may have cost the stored calibration, and how that is told. */
const LOST: readonly (readonly [string, readonly FlowEvent[]])[] = [
  ['its round was not accepted', [{ type: 'outbox.append_failed', readings: 1, code: 'X', message: '' }]],
  [
    'readings were dropped from memory, and the disk is back',
    [
      { type: 'reading.dropped', readings: 1, series: [], oldestAt: 0, newestAt: 0 },
      { type: 'outbox.released', readings: 1, heldMs: 1 },
    ],
  ],
  [
    'another stream has begun',
    [
      { type: 'outbox.appended', stream: 'a', lo: 1, hi: 3, durationMs: 1 },
      { type: 'outbox.appended', stream: 'b', lo: 4, hi: 4, durationMs: 1 },
    ],
  ],
];

describe('a calibrated value', () => {
  test('is scaled, then moved, and carries no digits of the arithmetic', () => {
    expect(21.5 * 1.02 - 0.4).toBe(21.530000000000001);
    expect(calibrate(21.5, ATTIC)).toBe(21.53);
    expect(Object.is(calibrate(0, { scale: -1, offset: 0 }), 0)).toBe(true);
  });

  test('gives back what the sensor gave', () => {
    const calibrations = fc.record({
      scale: fewDigits(99_999).filter((scale) => Math.abs(scale) >= 0.001),
      offset: fewDigits(99_999),
    });
    fc.assert(
      fc.property(fewDigits(16_777_216), calibrations, (raw, calibration: Calibration) => {
        const back = rawOf(calibrate(raw, calibration), calibration);

        // What is small beside the offset keeps the digits that it has in common with it.
        const size = Math.abs(raw) + Math.abs(calibration.offset / calibration.scale);
        expect(Math.abs(back - raw)).toBeLessThanOrEqual(size * 1e-14);
      }),
    );
  });

  test('leaves the series alone that nobody has calibrated', () => {
    const calibrator = createCalibrator([ATTIC]);

    expect(calibrator.calibrated(MEASURED)).toEqual({ ...MEASURED, value: 21.53 });
    expect(calibrator.calibrated({ ...MEASURED, metric: 'humidity' })).toBeUndefined();
    expect(calibrator.calibrated({ ...MEASURED, sensor: 'cellar' })).toBeUndefined();
    expect(calibrator.due({ ...MEASURED, sensor: 'cellar' }, 0)).toEqual([]);
  });
});

test('a calibration whose series has not been met is told, until it is', () => {
  const calibrator = createCalibrator([ATTIC, { ...ATTIC, sensor: 'atic' }]);

  calibrator.calibrated(MEASURED);

  expect(calibrator.unmet()).toEqual([{ sensor: 'atic', metric: 'temperature' }]);
});

describe('the calibration of a series', () => {
  test('is stored with its first reading, and again every hour', () => {
    const calibrator = createCalibrator([ATTIC]);

    const times = [0, 10_000, HOUR_MS - 1, HOUR_MS, HOUR_MS + 10_000];
    const stored = times.map((monoMs) => calibrator.due(MEASURED, monoMs));

    const both = [
      { sensor: 'attic', metric: 'temperature_calibration_scale', unit: 'ratio', value: 1.02 },
      { sensor: 'attic', metric: 'temperature_calibration_offset', unit: 'celsius', value: -0.4 },
    ];
    expect(stored).toEqual([both, [], [], both, []]);
  });

  test.each(LOST)('is stored once more when %s', (_when, events) => {
    const calibrator = createCalibrator([ATTIC]);
    calibrator.due(MEASURED, 0);

    for (const event of events) calibrator.observe(event);

    expect([10, 20].map((monoMs) => calibrator.due(MEASURED, monoMs).length)).toEqual([2, 0]);
  });

  test('is not stored with every round while a disk is broken', () => {
    const calibrator = createCalibrator([ATTIC]);
    calibrator.due(MEASURED, 0);

    calibrator.observe({ type: 'reading.dropped', readings: 1, series: [], oldestAt: 0, newestAt: 0 });

    expect(calibrator.due(MEASURED, 10)).toEqual([]);
  });

  test('has a name for every metric that may be calibrated, and no other metric has one like it', () => {
    const { scale, offset } = calibrationMetrics('m'.repeat(CALIBRATED_METRIC_LENGTH_MAX));

    expect([scale, offset].every((name) => NAME_PATTERN.test(name))).toBe(true);
    expect([scale, offset, 'calibration_scale', 'temperature'].map(isCalibrationMetric)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
