/**
 * The metrics of the monitor, and with them those of the reader, which opens no port: as it has written them to its
 * file, as long as that is fresh. What is old is left out, because a number that nobody renews is no news.
 */

import { HEALTH_FRESH_MS } from '../health-file.ts';
import { READ_PROBLEMS } from '../read-api/problem.ts';
import { SEVERITIES, type Severity } from '../tickets/ticket.ts';
import { mergeExpositions, parseExposition } from './exposition.ts';
import type { WrittenMetrics } from './metrics-file.ts';
import { one, type ProcessLook, showProcess } from './process-metrics.ts';
import { createMetrics } from './registry.ts';

export interface MonitorMetricsOptions {
  /** What can be asked. */
  readonly routes: readonly string[];
  /** As the reader has written them; `undefined` if it has not. */
  readonly reader: () => WrittenMetrics | undefined;
  /** Tickets that are not resolved; `undefined` where there is no book of them. */
  readonly tickets: () => Readonly<Record<Severity, number>> | undefined;
}

export interface MonitorMetrics {
  answered(route: string, durationMs: number): void;
  refused(code: string): void;
  text(process: ProcessLook): Promise<string>;
}

export function createMonitorMetrics(options: MonitorMetricsOptions): MonitorMetrics {
  const metrics = createMetrics('sensor-monitor');
  for (const route of options.routes) metrics.begin('sensorgw_questions_total', { route });
  for (const code of Object.keys(READ_PROBLEMS)) metrics.begin('sensorgw_questions_refused_total', { code });

  return {
    answered(route, durationMs) {
      metrics.count('sensorgw_questions_total', { route });
      metrics.time('sensorgw_question_duration_seconds', {}, durationMs / 1_000);
    },
    refused: (code) => metrics.count('sensorgw_questions_refused_total', { code }),
    async text(process) {
      const written = options.reader();
      const isFresh = written !== undefined && written.ageMs < HEALTH_FRESH_MS;
      const age = written === undefined ? undefined : written.ageMs / 1_000;
      const open = options.tickets();
      showProcess(metrics, process);
      metrics.set('sensorgw_reader_up', {}, Number(isFresh));
      metrics.show('sensorgw_reader_metrics_age_seconds', one(age));
      metrics.show(
        'sensorgw_tickets_open',
        open === undefined
          ? []
          : SEVERITIES.map((severity) => ({ labels: { severity }, value: open[severity] })),
      );
      const own = await metrics.text();
      return isFresh ? mergeExpositions(parseExposition(own), written.families) : own;
    },
  };
}
