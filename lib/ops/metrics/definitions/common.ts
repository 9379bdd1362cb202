/** What several programs tell of themselves. */

import { PROGRAMS } from '../../limits/limits.ts';
import type { MetricDefinition } from './definition.ts';

export const COMMON_METRICS = {
  sensorgw_build_info: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program', 'version', 'node', 'sqlite'],
    unit: '-',
    about: 'Always 1; the labels say which version of what runs',
  },
  sensorgw_process_start_time_seconds: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program'],
    unit: 'seconds',
    about: 'When the process started, in seconds since 1970',
  },
  sensorgw_process_cpu_seconds_total: {
    type: 'counter',
    of: PROGRAMS,
    labels: ['program'],
    unit: 'seconds',
    about: 'Processor time that the process has used',
  },
  sensorgw_process_resident_memory_bytes: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program'],
    unit: 'bytes',
    about: 'Memory that the process holds',
  },
  sensorgw_process_heap_bytes: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program'],
    unit: 'bytes',
    about: 'Of that, what is in use on the heap of JavaScript',
  },
  sensorgw_process_memory_limit_bytes: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program'],
    unit: 'bytes',
    about: 'Memory that the process may have; left out where nobody limits it',
  },
  sensorgw_process_open_fds: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program'],
    unit: '-',
    about: 'Files, sockets and pipes that the process has open',
  },
  sensorgw_eventloop_lag_seconds: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program'],
    unit: 'seconds',
    about: 'The longest time in the latest seconds for which nothing else could run',
  },
  sensorgw_eventloop_busy_seconds_total: {
    type: 'counter',
    of: PROGRAMS,
    labels: ['program'],
    unit: 'seconds',
    about: 'Time in which the event loop did something; its rate is the share that is used',
  },
  sensorgw_loops_overdue: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program'],
    unit: '-',
    about: 'Loops that have not moved when they had promised to; the watchdog restarts a program with any',
  },
  sensorgw_db_errors_total: {
    type: 'counter',
    of: ['sensor-main', 'sensor-api-write'],
    labels: ['program', 'code'],
    unit: '-',
    about: 'Times that the database of a program could not do its work, by its code',
  },
  sensorgw_series_left_out: {
    type: 'gauge',
    of: PROGRAMS,
    labels: ['program'],
    unit: '-',
    about: 'Values that are not shown because one metric may have at most 512 series',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
