/**
 * What the names and numbers of an IIO device mean (kernel: Documentation/ABI/testing/sysfs-bus-iio):
 * `in_voltage0-voltage1_raw` is a channel, `in_voltage-voltage_scale` the scale that all channels of its type
 * share. Only types with a unit of ours are known; a raw number without a scale has no unit and is left out.
 *
 * Everything here is pure. Values that the kernel has scaled keep its digits exactly: the decimal point is
 * moved in the text and not by a multiplication.
 */

import type { Unit } from '../../../reading.ts';

interface ChannelType {
  readonly metric: string;
  readonly unit: Unit;
  /** From the unit of the ABI to ours, as a power of ten. */
  readonly exponent: number;
}

/** The units are those of the ABI after scale and offset: milli degrees, milli percent, kilopascal, percent ... */
const TYPES: Readonly<Record<string, ChannelType>> = {
  temp: { metric: 'temperature', unit: 'celsius', exponent: -3 },
  humidityrelative: { metric: 'humidity', unit: 'percent', exponent: -3 },
  pressure: { metric: 'pressure', unit: 'pascal', exponent: 3 },
  illuminance: { metric: 'illuminance', unit: 'lux', exponent: 0 },
  voltage: { metric: 'voltage', unit: 'volt', exponent: -3 },
  current: { metric: 'current', unit: 'ampere', exponent: -3 },
  power: { metric: 'power', unit: 'watt', exponent: -3 },
  energy: { metric: 'energy', unit: 'joule', exponent: 0 },
  resistance: { metric: 'resistance', unit: 'ohm', exponent: 0 },
  concentration: { metric: 'concentration', unit: 'ppm', exponent: 4 },
  distance: { metric: 'distance', unit: 'meter', exponent: 0 },
  incli: { metric: 'inclination', unit: 'degree', exponent: 0 },
};

export interface IioChannel {
  readonly metric: string;
  readonly unit: Unit;
  readonly exponent: number;
  /** `in_voltage0`: what its files begin with. */
  readonly stem: string;
  /** Whether the kernel has scaled it already. */
  readonly scaled: boolean;
  /** What tells it from its siblings; empty if nothing does. */
  readonly suffix: string;
  /** What the files of scale and offset may begin with, the most special first. */
  readonly shared: readonly string[];
}

/** A peak, a trough or a mean is something else than the value of now. */
const NOT_OF_NOW = /^(?:.*_)?(?:peak|trough|mean)$/;

/** The channel that a file of an IIO device gives the value of; `undefined` if it is none, or none of ours. */
export function parseChannel(file: string): IioChannel | undefined {
  const match = /^(in_([a-z]+)(\d*)(-[a-z]+\d+)?(?:_([a-z0-9_]+))?)_(raw|input)$/.exec(file);
  if (match === null) return undefined;
  const [, stem = '', type = '', index = '', against = '', modifier = '', attribute] = match;
  const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (known === undefined || NOT_OF_NOW.test(modifier)) return undefined;
  // What a concentration is of says what is measured, not where: `co2`.
  const isSubstance = type === 'concentration' && modifier !== '';
  const common = `in_${type}${against === '' ? '' : against.replace(/\d+$/, '')}`;
  const input = index === '' ? '' : `${type}${index}${against}`;
  return {
    metric: isSubstance ? modifier : known.metric,
    unit: known.unit,
    exponent: known.exponent,
    stem,
    scaled: attribute === 'input',
    suffix: [input, isSubstance ? '' : modifier].filter((part) => part !== '').join('-'),
    shared: [...new Set([stem, modifier === '' ? common : `${common}_${modifier}`, common, 'in'])],
  };
}

/** A whole or decimal number as the kernel prints it; no second number behind it, no unit. */
const NUMBER = /^-?\d{1,20}(\.\d{1,18})?$/;

/** The value of a scaled channel, in our unit; `undefined` if `text` is no number. */
export function scaledValue(text: string, exponent: number): number | undefined {
  return NUMBER.test(text) ? Number(`${text}e${exponent}`) : undefined;
}

/** More than any converter has, and few enough to leave the noise of binary fractions out. */
const DIGITS = 12;

/** `(raw + offset) * scale` in our unit, to `DIGITS` digits; `undefined` if one of the texts is no number. */
export function rawValue(
  texts: { readonly raw: string; readonly scale: string; readonly offset: string | undefined },
  exponent: number,
): number | undefined {
  const { raw, scale, offset = '0' } = texts;
  if (![raw, scale, offset].every((text) => NUMBER.test(text))) return undefined;
  const value = (Number(raw) + Number(offset)) * Number(scale);
  // Plain zero, also where a negative scale makes it a negative one.
  if (value === 0) return 0;
  const [mantissa = '0', power = '0'] = value.toExponential(DIGITS - 1).split('e');
  return Number(`${mantissa}e${Number(power) + exponent}`);
}
