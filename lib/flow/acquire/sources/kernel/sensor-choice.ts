/**
 * What a person has said about the kernel's sensors: which to read, which to leave out, and what to call
 * them. Sensors are meant by the names that they have without any of this (`sensorctl sensors scan` prints
 * them); `*` stands for any characters.
 */

import { matcherOf } from '../../name-pattern.ts';

export interface SensorChoiceOptions {
  /** Only these, if there are any. */
  readonly only?: readonly string[] | undefined;
  /** Not these, of what is left. */
  readonly skip?: readonly string[] | undefined;
  /** Name by the kernel's name -> name in the readings. */
  readonly names?: Readonly<Record<string, string>> | undefined;
}

export interface SensorChoice {
  /** Whether the sensor is to be read. */
  wants(sensor: string): boolean;
  /** Whether there can be a sensor with a name that begins so and is to be read. */
  wantsSome(prefix: string): boolean;
  /** What to call it. */
  nameFor(sensor: string): string;
}

export function createSensorChoice({ only, skip = [], names = {} }: SensorChoiceOptions): SensorChoice {
  const wanted = only?.map(matcherOf);
  const unwanted = skip.map(matcherOf);
  const renamed = new Map(Object.entries(names));
  return {
    wants: (sensor) =>
      (wanted === undefined || wanted.some((matches) => matches(sensor))) &&
      !unwanted.some((matches) => matches(sensor)),
    wantsSome: (prefix) =>
      (only === undefined || only.some((pattern) => canMeet(pattern, prefix))) &&
      !skip.some((pattern) => coversAll(pattern, prefix)),
    nameFor: (sensor) => renamed.get(sensor) ?? sensor,
  };
}

/** Whether the pattern can match a name that begins with `prefix`. */
function canMeet(pattern: string, prefix: string): boolean {
  const star = pattern.indexOf('*');
  const head = star < 0 ? pattern : pattern.slice(0, star);
  return head.startsWith(prefix) || (star >= 0 && prefix.startsWith(head));
}

/** Whether the pattern matches every name that begins with `prefix`. */
function coversAll(pattern: string, prefix: string): boolean {
  return pattern.endsWith('*') && pattern.indexOf('*') === pattern.length - 1
    ? prefix.startsWith(pattern.slice(0, -1))
    : false;
}
