/**
 * The customs post between a source and the outbox: what a source answered is `unknown` until it has
 * passed here. Every property is read once (a getter may throw, or change its mind), names and units
 * come from closed sets, values are finite. A bad measurement is rejected by itself and never takes the
 * good ones of the same source with it.
 */

import { GatewayError, messageOf } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { NAME_PATTERN, NAME_RULE, UNITS } from '../reading.ts';
import type { Measurement } from './sensor-source.ts';

/** A 40-sensor hwmon board gives about 80; more is a driver gone wild, and a round must stay one small transaction. */
export const MEASUREMENTS_MAX = 256;

export interface Rejection {
  /** Printable, whatever the source gave. */
  readonly sensor: string;
  readonly metric: string;
  readonly message: string;
}

export interface CheckedMeasurements {
  readonly measurements: readonly Measurement[];
  readonly rejections: readonly Rejection[];
}

const KNOWN_UNITS: ReadonlySet<string> = new Set(UNITS);

/** Throws if the answer as a whole is unusable; else sorts its measurements into good ones and rejections. */
export function checkMeasurements(answer: unknown): CheckedMeasurements {
  if (!Array.isArray(answer)) {
    throw new TypeError(`answered ${lineOf(answer)} instead of a list of measurements`);
  }
  const items: readonly unknown[] = answer;
  const measurements: Measurement[] = [];
  const rejections: Rejection[] = [];
  for (let i = 0; i < Math.min(items.length, MEASUREMENTS_MAX); i += 1) {
    const checked = checkItem(items, i);
    if ('message' in checked) rejections.push(checked);
    else measurements.push(checked);
  }
  if (items.length > MEASUREMENTS_MAX) {
    const message = `${items.length} measurements in one round; only the first ${MEASUREMENTS_MAX} are kept`;
    rejections.push({ sensor: '*', metric: '*', message });
  }
  return { measurements, rejections };
}

function checkItem(items: readonly unknown[], index: number): Measurement | Rejection {
  let sensor: unknown;
  let metric: unknown;
  const reject = (message: string): Rejection => ({
    sensor: lineOf(sensor),
    metric: lineOf(metric),
    message,
  });
  try {
    const item = items[index];
    if (typeof item !== 'object' || item === null) return reject(`${lineOf(item)} is not a measurement`);
    sensor = propertyOf(item, 'sensor');
    metric = propertyOf(item, 'metric');
    const unit = propertyOf(item, 'unit');
    const value = propertyOf(item, 'value');
    if (!isName(sensor)) return reject(`sensor must be ${NAME_RULE}`);
    if (!isName(metric)) return reject(`metric must be ${NAME_RULE}`);
    if (typeof unit !== 'string' || !KNOWN_UNITS.has(unit)) {
      return reject(`unit ${lineOf(unit)} is not one of ${UNITS.join(', ')}`);
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      return reject(`value ${lineOf(value)} is not a finite number`);
    }
    // Negative zero prints as 0 but is not equal to it everywhere; adding 0 turns it into plain zero.
    return { sensor, metric, unit, value: value + 0 };
  } catch (error) {
    return reject(`cannot be read: ${messageOfAnything(error)}`);
  }
}

function propertyOf(item: object, key: string): unknown {
  return Reflect.get(item, key);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value);
}

/** Long enough for a message with its advice, short enough for a log line. */
const LINE_LENGTH_MAX = 400;

/** Anything as one short, printable line: sources may put escape sequences in a name. */
function lineOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if ((typeof value === 'object' && value !== null) || typeof value === 'function')
    return `a ${typeof value}`;
  return value === '' ? '(empty)' : printable(String(value), LINE_LENGTH_MAX);
}

/** What a source threw, with its hint, as one printable line. What is thrown may itself throw when it is looked at. */
export function messageOfAnything(thrown: unknown): string {
  try {
    const hint = thrown instanceof GatewayError && thrown.hint !== undefined ? `. ${thrown.hint}` : '';
    return lineOf(`${messageOf(thrown)}${hint}`);
  } catch {
    return 'something that cannot be printed';
  }
}
