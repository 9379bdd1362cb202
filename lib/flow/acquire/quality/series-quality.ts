/**
 * The quality of the series of one source: judges each value against the limits of its series, remembers the little
 * that takes, counts what was found, and tells when a series becomes suspect and when it is good again. Told is a state
 * and not each value: one that fails now and then stays suspect until it has been good for a while.
 */

import type { Observe, QualityCheck } from '../../flow-event.ts';
import type { Reading } from '../../reading.ts';
import { MEASUREMENTS_MAX } from '../checked-measurement.ts';
import { type Failure, judgeNext, type QualityLimits, type SeriesState } from './checks.ts';
import type { LimitsOf } from './quality-rules.ts';

/** How a series is doing, for people who look. Only of those that have had a suspect value since the start. */
export interface SeriesQuality {
  readonly sensor: string;
  readonly metric: string;
  /** What is wrong with the latest value; `undefined` if nothing is. */
  readonly suspect: { readonly check: QualityCheck; readonly message: string } | undefined;
  /** Readings that failed each check; a check that none failed is left out. */
  readonly counts: Readonly<Partial<Record<QualityCheck, number>>>;
}

export interface SourceQuality {
  /** The source is read once more, whatever comes of it. */
  nextRead(): void;
  /** Whether the reading is suspect. In the order of time. */
  isSuspect(reading: Reading): boolean;
  /** Those whose latest value is suspect first. */
  status(): readonly SeriesQuality[];
}

export interface SourceQualityDeps {
  readonly source: string;
  readonly limitsOf: LimitsOf;
  readonly observe: Observe;
  /** More series than this at a time are judged, and those seen longest ago forgotten. */
  readonly seriesMax?: number;
}

/** As many as one answer can have. A driver that makes up a new name each time must not fill the memory. */
const SERIES_MAX = MEASUREMENTS_MAX;

/**
 * A minute at the usual interval. A loose wire seldom fails so often in a row; what is there again after that was
 * without power, or is another chip: it warms up anew, and its first value is compared with nothing.
 */
const ABSENT_READS = 6;

/** Long enough that a series which fails every few minutes is told of once, and in time for somebody who mends it. */
const GOOD_AGAIN_MS = 600_000;
/** At an interval of hours two good values say little. */
const GOOD_AGAIN_VALUES = 3;

interface Known {
  readonly limits: QualityLimits;
  state: SeriesState | undefined;
  seenAtRead: number;
  failure: Failure | undefined;
  readonly counts: Partial<Record<QualityCheck, number>>;
  episode: Episode | undefined;
}

/** From the first suspect value to the time when it is good again. */
interface Episode {
  readonly sinceMono: number;
  /** Those that have been told of. */
  readonly checks: Set<QualityCheck>;
  readings: number;
  lastMono: number;
  goodValues: number;
}

export function createSourceQuality(deps: SourceQualityDeps): SourceQuality {
  const { source, limitsOf, observe, seriesMax = SERIES_MAX } = deps;
  /** The one seen longest ago first. */
  const series = new Map<string, Known>();
  let reads = 0;

  function forgetOldest(): void {
    const [oldest] = series.keys();
    if (oldest !== undefined) series.delete(oldest);
  }

  function knownOf(reading: Reading): Known {
    const key = `${reading.sensor} ${reading.metric} ${reading.unit}`;
    const known = series.get(key) ?? {
      limits: limitsOf(reading),
      state: undefined,
      seenAtRead: reads,
      failure: undefined,
      counts: {},
      episode: undefined,
    };
    series.delete(key);
    series.set(key, known);
    if (series.size > seriesMax) forgetOldest();
    if (reads - known.seenAtRead > ABSENT_READS) known.state = undefined;
    known.seenAtRead = reads;
    return known;
  }

  function suspected(known: Known, reading: Reading, failures: readonly Failure[]): void {
    const { sensor, metric, unit, value, monoMs } = reading;
    known.episode ??= {
      sinceMono: monoMs,
      checks: new Set(),
      readings: 0,
      lastMono: monoMs,
      goodValues: 0,
    };
    Object.assign(known.episode, { lastMono: monoMs, goodValues: 0, readings: known.episode.readings + 1 });
    for (const { check, message } of failures) {
      known.counts[check] = (known.counts[check] ?? 0) + 1;
      if (known.episode.checks.has(check)) continue;
      known.episode.checks.add(check);
      observe({ type: 'series.suspected', source, sensor, metric, unit, value, check, message });
    }
  }

  function good(known: Known, { sensor, metric, monoMs }: Reading): void {
    const { episode } = known;
    if (episode === undefined) return;
    episode.goodValues += 1;
    if (episode.goodValues < GOOD_AGAIN_VALUES || monoMs - episode.lastMono < GOOD_AGAIN_MS) return;
    const durationMs = episode.lastMono - episode.sinceMono;
    observe({ type: 'series.cleared', source, sensor, metric, readings: episode.readings, durationMs });
    known.episode = undefined;
  }

  return {
    nextRead() {
      reads += 1;
    },
    isSuspect(reading) {
      const known = knownOf(reading);
      const { state, failures } = judgeNext(known.state, reading, known.limits);
      known.state = state;
      known.failure = failures[0];
      if (failures.length > 0) suspected(known, reading, failures);
      else good(known, reading);
      return failures.length > 0;
    },
    status: () =>
      Array.from(series)
        .filter(([, { counts }]) => Object.keys(counts).length > 0)
        .map(([key, { failure, counts }]): SeriesQuality => {
          const [sensor = '', metric = ''] = key.split(' ');
          return { sensor, metric, suspect: failure, counts: { ...counts } };
        })
        .sort((a, b) => Number(b.suspect !== undefined) - Number(a.suspect !== undefined)),
  };
}
