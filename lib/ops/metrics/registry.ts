/**
 * The metrics of one program: the part of the table that is its own, kept by prom-client, which is used nowhere
 * else. Whatever is counted as it happens is counted with `count` and `time`; what somebody else knows already is
 * looked at when the text is made, with `show`. Names and labels are checked by the compiler.
 */

import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';
import type { Program } from '../limits/limits.ts';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type Labels,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from './metric-definitions.ts';

export interface Shown<Name extends MetricName> {
  readonly labels: Labels<Name>;
  readonly value: number;
}

export interface Metrics {
  /** It is there from now on, as 0: nobody is woken by a series that is missing. */
  begin<Name extends CounterName | HistogramName>(name: Name, labels: Labels<Name>): void;
  count<Name extends CounterName>(name: Name, labels: Labels<Name>, by?: number): void;
  time<Name extends HistogramName>(name: Name, labels: Labels<Name>, seconds: number): void;
  set<Name extends GaugeName>(name: Name, labels: Labels<Name>, value: number): void;
  /** All that there is of it now: what is not among `series` is left out from here on. */
  show<Name extends GaugeName | CounterName>(name: Name, series: readonly Shown<Name>[]): void;
  /** In the text format of Prometheus, version 0.0.4. */
  text(): Promise<string>;
}

/**
 * Of one metric. 64 sources with eight sensors each are a large gateway, and a page of some hundred KiB: labels
 * come from the configuration, so this is met only where somebody has configured far more than that.
 */
export const SERIES_MAX = 512;
/** So many are told apart; how many are left out is not counted beyond it. */
const SERIES_KNOWN_MAX = 8 * SERIES_MAX;

type Kept = Counter | Gauge | Histogram;
type Values = Readonly<Record<string, string>>;

/** Throws if a metric that is not one of the program's is written to: a bug. */
export function createMetrics(program: Program): Metrics {
  const registry = new Registry();
  const kept = new Map<string, Kept>();
  /** Of each metric that is written to: its series, each with its place. */
  const seen = new Map<string, Map<string, number>>();
  /** Of each metric that is looked at: series that have no place. */
  const leftOut = new Map<string, number>();

  for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
    if (definition.of.includes(program)) kept.set(name, keep(name, definition));
  }

  function keep(name: string, { type, labels, about, buckets }: MetricDefinition): Kept {
    const options = { name, help: about, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') return new Counter(options);
    if (type === 'gauge') return new Gauge(options);
    return new Histogram({ ...options, buckets: [...(buckets ?? [])] });
  }

  function metricOf(name: MetricName): Kept {
    const metric = kept.get(name);
    if (metric === undefined) throw new TypeError(`${name} is no metric of ${program}`);
    return metric;
  }

  const labelled = (name: MetricName, labels: Values): Record<string, string> =>
    ofProgram(name) ? { program, ...labels } : { ...labels };

  /** Whether there is room for these labels; what is known already always has it. */
  function admits(name: MetricName, labels: Values): boolean {
    const key = JSON.stringify(Object.values(labels));
    const places = seen.get(name) ?? new Map<string, number>();
    seen.set(name, places);
    const place = places.get(key) ?? places.size;
    if (place < SERIES_KNOWN_MAX) places.set(key, place);
    return place < SERIES_MAX;
  }

  function put(metric: Kept, labels: Record<string, string>, value: number): void {
    if (metric instanceof Counter) metric.inc(labels, value);
    else if (metric instanceof Gauge) metric.set(labels, value);
    else metric.observe(labels, value);
  }

  function write(name: MetricName, labels: Values, value: number): void {
    const metric = metricOf(name);
    if (admits(name, labels)) put(metric, labelled(name, labels), value);
  }

  return {
    begin(name, labels) {
      const metric = metricOf(name);
      if (!admits(name, labels)) return;
      if (metric instanceof Histogram) metric.zero(labelled(name, labels));
      else put(metric, labelled(name, labels), 0);
    },
    count: (name, labels, by = 1) => write(name, labels, by),
    time: write,
    set: write,
    show(name, series) {
      const metric = metricOf(name);
      metric.reset();
      // A metric without labels would be 0 from then on, as if somebody had said so.
      if (METRICS[name].labels.length === 0) metric.remove();
      for (const { labels, value } of series.slice(0, SERIES_MAX)) put(metric, labelled(name, labels), value);
      leftOut.set(name, Math.max(0, series.length - SERIES_MAX));
    },
    text() {
      const written = [...seen.values()].map(({ size }) => Math.max(0, size - SERIES_MAX));
      const total = [...written, ...leftOut.values()].reduce((sum, one) => sum + one, 0);
      write('sensorgw_series_left_out', {}, total);
      return registry.metrics();
    },
  };
}

function ofProgram(name: MetricName): boolean {
  const { labels }: MetricDefinition = METRICS[name];
  return labels.includes('program');
}
