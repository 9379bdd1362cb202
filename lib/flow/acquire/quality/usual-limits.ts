/**
 * What values are held to when nobody has said anything: only what no working sensor gives, wherever it hangs. A
 * suspect reading costs trust, so a default that is wrong once is worse than none. How fast things may change, and
 * for how long they may stand still, only their owner knows: a sprayed sensor goes from 40 to 100 percent in one round,
 * and the humidity of a greenhouse stands at 100 for a whole night. docs/sensors.md lists this table.
 */

import type { QualityLimits } from './checks.ts';

export interface UsualLimits extends QualityLimits {
  readonly unit: string;
  /** Of this metric alone; of all with that unit if left out. */
  readonly metric?: string;
  readonly reason: string;
}

export const USUAL_LIMITS: readonly UsualLimits[] = [
  {
    unit: 'celsius',
    min: -100,
    max: 1_400,
    changeMax: 100,
    reason:
      'air has never been colder than -90, and a thermocouple of type K ends at 1372; a processor at work jumps by 65, what a broken wire gives by hundreds',
  },
  {
    unit: 'percent',
    metric: 'humidity',
    min: -6,
    max: 119,
    reason: 'what an SHT4x can say of very dry air and of fog; the true value is then 0 or 100',
  },
  {
    unit: 'ppm',
    metric: 'co2',
    min: 1,
    max: 1_000_000,
    reason: 'no air is without it: 0 is what a sensor says that has not measured yet',
  },
  {
    unit: 'lux',
    min: 0,
    max: 200_000,
    reason: 'the brightest sun gives 130000, and darkness 0',
  },
];

/** The first that fits; nothing to hold it to if none does. */
export function usualLimitsOf(metric: string, unit: string): QualityLimits {
  const found = USUAL_LIMITS.find((one) => one.unit === unit && (one.metric ?? metric) === metric);
  if (found === undefined) return {};
  const { min, max, changeMax } = found;
  return { min, max, changeMax };
}
