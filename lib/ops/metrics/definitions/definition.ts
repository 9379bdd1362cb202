/** What a metric is. Names and labels are stable: people alert on them. */

import type { Program } from '../../limits/limits.ts';

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly of: readonly Program[];
  /** Each has one of a fixed set of values, or a name from the configuration: never a message, a time, or an id. */
  readonly labels: readonly string[];
  /** `-`: it is a number of something that its name says. */
  readonly unit:
    | 'seconds'
    | 'bytes'
    | 'ratio'
    | 'celsius'
    | 'pascals'
    | 'lux'
    | 'volts'
    | 'amperes'
    | 'watts'
    | '-';
  /** In one sentence, without its full stop. */
  readonly about: string;
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}
