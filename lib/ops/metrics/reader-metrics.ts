/**
 * The metrics of the reader: one more listener of its events, and a look at its parts each time that the text is
 * made. What may happen is there from the start, as 0.
 */

import type { BreakerState, FlowEvent, Lane, Observe, OutcomeKind } from '../../flow/flow-event.ts';
import { countOf } from '../../flow/seq-ranges.ts';
import { type ProcessLook, showProcess } from './process-metrics.ts';
import { type ReaderLook, showReader } from './reader-look.ts';
import { createMetrics, type Metrics } from './registry.ts';

export interface ReaderMetricsOptions {
  readonly destinations: readonly string[];
  readonly intervalMs: number;
  readonly outboxBytesMax: number;
}

export interface ReaderMetrics {
  readonly observe: Observe;
  /** These are read: what may become of it is there from now on, as 0. */
  begin(sources: readonly string[]): void;
  /** A source was read: what the sampling loop tells nobody else, because that it went well is no event. */
  onRead(source: string, answered: boolean): void;
  text(look: ReaderLook, process: ProcessLook): Promise<string>;
}

const LANES: readonly Lane[] = ['live', 'backfill'];
const OUTCOMES: readonly OutcomeKind[] = ['stored', 'refused', 'misconfigured', 'unavailable'];
const STATES: readonly BreakerState[] = ['closed', 'open', 'half_open'];
const READ_RESULTS = ['ok', 'error', 'deadline', 'busy'] as const;
const DELIVERED = ['stored', 'duplicate', 'buried'] as const;
const DROP_REASONS = [
  'bytes_max',
  'disk_reserve',
  'dead_letters',
  'corrupted',
  'salvage',
  'memory',
  'append',
] as const;
type DropReason = (typeof DROP_REASONS)[number];

export function createReaderMetrics(options: ReaderMetricsOptions): ReaderMetrics {
  const metrics = createMetrics('sensor-main');
  beginAtZero(metrics, options);
  metrics.set('sensorgw_backlog_bytes_max', {}, options.outboxBytesMax);
  metrics.set('sensorgw_sampling_interval_seconds', {}, options.intervalMs / 1_000);

  const drop = (reason: DropReason, readings: number) =>
    metrics.count('sensorgw_readings_dropped_total', { reason }, readings);
  const moved = (destination: string, to: BreakerState) =>
    metrics.count('sensorgw_circuit_transitions_total', { destination, to });

  function delivered(event: Extract<FlowEvent, { type: 'batch.delivered' }>): void {
    const { destination, lane, outcome, durationMs, stored, duplicate } = event;
    metrics.count('sensorgw_delivery_attempts_total', { destination, lane, outcome });
    metrics.time('sensorgw_delivery_duration_seconds', { destination }, durationMs / 1_000);
    metrics.count('sensorgw_readings_delivered_total', { destination, result: 'stored' }, stored);
    metrics.count('sensorgw_readings_delivered_total', { destination, result: 'duplicate' }, duplicate);
  }

  return {
    begin(sources) {
      for (const source of sources)
        for (const result of READ_RESULTS) metrics.begin('sensorgw_sensor_reads_total', { source, result });
    },
    onRead: (source, answered) => {
      if (answered) metrics.count('sensorgw_sensor_reads_total', { source, result: 'ok' });
    },
    observe(event) {
      switch (event.type) {
        case 'source.failed':
          metrics.count('sensorgw_sensor_reads_total', { source: event.source, result: event.reason });
          break;
        case 'round.sampled':
          metrics.count('sensorgw_rounds_total', {});
          metrics.time('sensorgw_round_duration_seconds', {}, event.durationMs / 1_000);
          break;
        case 'round.skipped':
          metrics.count('sensorgw_rounds_skipped_total', {}, event.rounds);
          break;
        case 'sampling.paced':
          metrics.set('sensorgw_sampling_interval_seconds', {}, event.intervalMs / 1_000);
          break;
        case 'outbox.appended':
          metrics.count('sensorgw_readings_accepted_total', {}, event.hi - event.lo + 1);
          break;
        case 'outbox.append_failed':
          drop('append', event.readings);
          metrics.count('sensorgw_db_errors_total', { code: databaseCode(event.code) });
          break;
        case 'outbox.held':
          metrics.set('sensorgw_readings_held', {}, event.held);
          metrics.count('sensorgw_db_errors_total', { code: databaseCode(event.code) });
          break;
        case 'outbox.released':
          metrics.set('sensorgw_readings_held', {}, 0);
          break;
        case 'reading.dropped':
          drop('memory', event.readings);
          break;
        case 'reading.shed':
          drop(event.cause, event.hi - event.lo + 1);
          break;
        case 'letter.shed':
          drop('dead_letters', event.letters);
          break;
        case 'reading.thinned':
          metrics.count('sensorgw_readings_thinned_total', {}, event.rows);
          break;
        case 'outbox.corrupted':
          drop('corrupted', countOf(event.seqs));
          break;
        case 'outbox.salvaged':
          drop('salvage', event.lost);
          break;
        case 'batch.delivered':
          delivered(event);
          break;
        case 'reading.buried': {
          const { destination } = event;
          metrics.count('sensorgw_readings_delivered_total', { destination, result: 'buried' });
          break;
        }
        case 'breaker.opened':
          moved(event.destination, 'open');
          break;
        case 'breaker.half_opened':
          moved(event.destination, 'half_open');
          break;
        case 'breaker.closed':
          moved(event.destination, 'closed');
          break;
        default:
          break; // The other events change nothing that is counted.
      }
    },
    text(look, process) {
      showProcess(metrics, process);
      showReader(metrics, look, STATES);
      return metrics.text();
    },
  };
}

function beginAtZero(metrics: Metrics, { destinations }: ReaderMetricsOptions): void {
  for (const reason of DROP_REASONS) metrics.begin('sensorgw_readings_dropped_total', { reason });
  for (const destination of destinations) {
    metrics.begin('sensorgw_delivery_duration_seconds', { destination });
    for (const result of DELIVERED)
      metrics.begin('sensorgw_readings_delivered_total', { destination, result });
    for (const to of STATES) metrics.begin('sensorgw_circuit_transitions_total', { destination, to });
    for (const lane of LANES) {
      for (const outcome of OUTCOMES)
        metrics.begin('sensorgw_delivery_attempts_total', { destination, lane, outcome });
    }
  }
}

/** SQLite has some thirty primary codes and hundreds of their kinds; our own are as they are. */
function databaseCode(code: string): string {
  return /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code;
}
