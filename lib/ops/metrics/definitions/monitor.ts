/** What the monitor tells: of the reader beside it, of tickets, and of the questions that it answers. */

import type { MetricDefinition } from './definition.ts';

export const MONITOR_METRICS = {
  sensorgw_reader_up: {
    type: 'gauge',
    of: ['sensor-monitor'],
    labels: [],
    unit: '-',
    about: '1 while the reader beside the monitor shows its metrics; while it is 0 they are left out',
  },
  sensorgw_reader_metrics_age_seconds: {
    type: 'gauge',
    of: ['sensor-monitor'],
    labels: [],
    unit: 'seconds',
    about: 'How old the metrics of the reader are; left out where there are none',
  },
  sensorgw_tickets_open: {
    type: 'gauge',
    of: ['sensor-monitor'],
    labels: ['severity'],
    unit: '-',
    about:
      'Tickets that are not resolved: info, warning, critical; left out until the monitor has looked, and while their book does not answer',
  },
  sensorgw_questions_total: {
    type: 'counter',
    of: ['sensor-monitor'],
    labels: ['route'],
    unit: '-',
    about: 'Questions about what is stored that were answered',
  },
  sensorgw_question_duration_seconds: {
    type: 'histogram',
    of: ['sensor-monitor'],
    labels: [],
    unit: 'seconds',
    about: 'How long an answer took',
    // From an SSD to a card that is dying.
    buckets: [0.001, 0.005, 0.02, 0.05, 0.2, 1, 5, 30],
  },
  sensorgw_questions_refused_total: {
    type: 'counter',
    of: ['sensor-monitor'],
    labels: ['code'],
    unit: '-',
    about: 'Questions that were answered with a problem, by its code',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
