/**
 * A number that has to go together with another one, with all that a person needs to find it again: what it is
 * called, and where it is set. Arithmetic keeps both. A number that nobody knows here stays unknown through it.
 */

export interface Quantity {
  /** `delivery.batch_timeout`, `WatchdogSec= of sensor-main`. */
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'bytes' | 'pieces';
  /** Where somebody would change it: a file, with the line if there is one, or `fixed` in the program. */
  readonly place: string;
}

type Known = Quantity | undefined;

/** `shareOf(limit, 1 / 2, 'half of')`. */
export function shareOf(whole: Known, share: number, word: string): Known {
  return whole && { ...whole, name: `${word} ${whole.name}`, value: whole.value * share };
}

export function half(whole: Known): Known {
  return shareOf(whole, 1 / 2, 'half of');
}

export function sum(name: string, ...parts: readonly Known[]): Known {
  const [first, ...others] = parts;
  if (first === undefined) return undefined;
  let total = first;
  for (const one of others) {
    if (one === undefined) return undefined;
    total = { ...total, value: total.value + one.value };
  }
  return { ...total, name, place: placesOf(parts) };
}

export function product(name: string, a: Known, b: Known): Known {
  return a && b && { ...a, name, value: a.value * b.value, place: placesOf([a, b]) };
}

export function difference(name: string, whole: Known, part: Known): Known {
  return whole && part && { ...whole, name, value: whole.value - part.value, place: placesOf([whole, part]) };
}

/** The smallest of those that are known. */
export function least(...quantities: readonly Known[]): Known {
  return quantities.reduce((best, one) => (one && (!best || one.value < best.value) ? one : best), undefined);
}

function placesOf(parts: readonly Known[]): string {
  return [...new Set(parts.flatMap((one) => one?.place ?? []))].join(', ');
}

/** `250 ms`, `4.5 s`, `10 min`, `512 MiB`, `20`. */
export function inWords({ value, unit }: Quantity): string {
  if (value === Number.POSITIVE_INFINITY) return 'without limit';
  if (unit === 'pieces') return rounded(value);
  const fitting = (unit === 'ms' ? TIMES : SIZES).filter(([size]) => Math.abs(value) >= size);
  // A number that one would write down: 90 s, and not 1.5 min; 4.5 s, and not 4500 ms.
  const [size, word] = fitting.find(([one, , parts]) => parts || value % one === 0) ?? [1, unit];
  return `${rounded(value / size)} ${word}`;
}

/** Size and name, and whether a part of it makes sense to people. */
type Scale = readonly (readonly [size: number, word: string, parts: boolean])[];

const TIMES: Scale = [
  [3_600_000, 'h', false],
  [60_000, 'min', false],
  [1_000, 's', true],
];

const SIZES: Scale = [
  [1_073_741_824, 'GiB', true],
  [1_048_576, 'MiB', true],
  [1_024, 'KiB', true],
];

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}
