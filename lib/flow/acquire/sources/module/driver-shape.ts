/**
 * Whether an object that somebody else wrote is a driver. Everything about it is looked at once, before it is
 * used, and everything that is wrong is said at once, with its place and what it must be.
 */

import { NAME_PATTERN, NAME_RULE, UNITS } from '../../../reading.ts';
import { isCalibrationMetric } from '../../calibration.ts';
import type { ChipDriver } from '../i2c/chip.ts';

/** A driver with more is no chip any more. */
const METRICS_MAX = 32;
/** The largest interval that there is; a measurement that takes longer would never be done. */
const MEASURE_MAX_MS = 600_000;
/** 7-bit addresses that are not reserved for the bus itself. */
const ADDRESS = { min: 0x08, max: 0x77 } as const;

const KNOWN_UNITS: ReadonlySet<unknown> = new Set(UNITS);

/** What is wrong with it, a sentence each; empty if it is a driver. */
export function problemsOfDriver(driver: unknown): readonly string[] {
  if (!isObject(driver)) return ['driver is not an object'];
  const problems: string[] = [];
  const must = (holds: boolean, sentence: string) => {
    if (!holds) problems.push(`driver.${sentence}`);
  };
  const { type, title, addresses, metrics, measureMaxMs, intervalMinMs, identify, open } = driver;
  must(isName(type), `type must be ${NAME_RULE}`);
  must(
    typeof title === 'string' && title.length > 0,
    'title must be a text for people, such as "Sensirion SHT40"',
  );
  must(
    Array.isArray(addresses) && addresses.length > 0 && addresses.every(isAddress),
    'addresses must be a list of 7-bit addresses from 0x08 to 0x77, the usual one first',
  );
  must(
    isPositive(measureMaxMs) && measureMaxMs <= MEASURE_MAX_MS,
    'measureMaxMs must be the longest time that begin and measure take together, in milliseconds',
  );
  must(
    intervalMinMs === undefined || isPositive(intervalMinMs),
    'intervalMinMs must be milliseconds, or left out',
  );
  must(identify === undefined || typeof identify === 'function', 'identify must be a function, or left out');
  must(typeof open === 'function', 'open must be a function that returns { begin, measure }');
  if (!Array.isArray(metrics) || metrics.length === 0 || metrics.length > METRICS_MAX) {
    must(false, `metrics must be a list of 1 to ${METRICS_MAX} of { metric, unit, legal }`);
    return problems;
  }
  const seen = new Set<unknown>();
  for (const [i, one] of metrics.entries()) {
    const { metric, unit, legal } = isObject(one) ? one : {};
    must(isName(metric), `metrics[${i}].metric must be ${NAME_RULE}`);
    must(!isCalibration(metric), `metrics[${i}].metric is a name that calibrations are stored under`);
    must(!seen.has(metric), `metrics[${i}].metric is there twice`);
    seen.add(metric);
    must(KNOWN_UNITS.has(unit), `metrics[${i}].unit must be one of ${UNITS.join(', ')}`);
    must(isRange(legal), `metrics[${i}].legal must be [least, most] that the chip can measure`);
  }
  return problems;
}

export function isDriver(driver: unknown): driver is ChipDriver {
  return problemsOfDriver(driver).length === 0;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCalibration(metric: unknown): boolean {
  return typeof metric === 'string' && isCalibrationMetric(metric);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && NAME_PATTERN.test(value);
}

function isAddress(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= ADDRESS.min && Number(value) <= ADDRESS.max;
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [min, max]: readonly unknown[] = value;
  return typeof min === 'number' && typeof max === 'number' && min < max;
}
