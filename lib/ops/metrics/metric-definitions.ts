/**
 * Every metric that the programs expose, written once: the registry is made of this table, and tests hold
 * `docs/metrics.md`, the dashboard and the alert rules to it. All have the prefix `sensorgw_`, the numbers of the
 * process included: docs/decisions/0029.
 */

import { API_METRICS } from './definitions/api.ts';
import { COMMON_METRICS } from './definitions/common.ts';
import type { MetricDefinition } from './definitions/definition.ts';
import { MONITOR_METRICS } from './definitions/monitor.ts';
import { READER_METRICS } from './definitions/reader.ts';

export type { MetricDefinition };

export const METRICS = { ...COMMON_METRICS, ...READER_METRICS, ...API_METRICS, ...MONITOR_METRICS };

export type MetricName = keyof typeof METRICS;
type OfType<T extends MetricDefinition['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends T ? Name : never;
}[MetricName];
export type CounterName = OfType<'counter'>;
export type GaugeName = OfType<'gauge'>;
export type HistogramName = OfType<'histogram'>;

/** What is to be said beside a value. `program` says itself. */
export type Labels<Name extends MetricName> = Readonly<
  Record<Exclude<(typeof METRICS)[Name]['labels'][number], 'program'>, string>
>;
