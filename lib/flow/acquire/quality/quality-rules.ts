/**
 * What a person has said about the quality of values, with the usual limits behind it. Rules are asked in the order
 * in which they are written, and the first that says something about a check decides that check; so an exception
 * stands before what is said of all. Least and greatest value go together: half of a range of one rule and half of
 * another's could leave nothing in between.
 */

import { matcherOf } from '../name-pattern.ts';
import type { QualityLimits } from './checks.ts';
import { usualLimitsOf } from './usual-limits.ts';

export interface QualityRule extends QualityLimits {
  /** Names, with `*` for any characters; all if left out. */
  readonly sensor?: string | undefined;
  readonly metric?: string | undefined;
}

export type LimitsOf = (series: {
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
}) => QualityLimits;

export function limitsFrom(rules: readonly QualityRule[]): LimitsOf {
  const known = rules.map(({ sensor = '*', metric = '*', ...limits }) => {
    const [isSensor, isMetric] = [matcherOf(sensor), matcherOf(metric)];
    return {
      limits,
      fits: (of: { sensor: string; metric: string }) => isSensor(of.sensor) && isMetric(of.metric),
    };
  });
  return (series) => {
    const said = known.filter(({ fits }) => fits(series)).map(({ limits }) => limits);
    const all = [...said, usualLimitsOf(series.metric, series.unit)];
    const range = all.find(({ min, max }) => min !== undefined || max !== undefined);
    return {
      min: range?.min,
      max: range?.max,
      changeMax: firstOf(all, 'changeMax'),
      unchangedMaxMs: firstOf(all, 'unchangedMaxMs'),
      warmUpMs: firstOf(all, 'warmUpMs'),
    };
  };
}

function firstOf(all: readonly QualityLimits[], key: keyof QualityLimits): number | undefined {
  return all.find((one) => one[key] !== undefined)?.[key];
}
