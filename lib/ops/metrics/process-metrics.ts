/** What every program tells of itself: which one it is, and what it takes of the machine. */

import type { Metrics } from './registry.ts';

/** The process as it is now; handed in, because only `src/` may touch it. */
export interface ProcessLook {
  readonly version: string;
  readonly node: string;
  readonly sqlite: string;
  /** Wall time. */
  readonly startedAt: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly memoryLimitBytes: number | undefined;
  readonly openFds: number | undefined;
  readonly lagSeconds: number;
  readonly busySeconds: number;
  /** Loops that have broken their promise. */
  readonly loopsOverdue: number;
}

export function showProcess(metrics: Metrics, look: ProcessLook): void {
  const { version, node, sqlite } = look;
  metrics.set('sensorgw_build_info', { version, node, sqlite }, 1);
  metrics.set('sensorgw_process_start_time_seconds', {}, look.startedAt / 1_000);
  metrics.show('sensorgw_process_cpu_seconds_total', one(look.cpuSeconds));
  metrics.set('sensorgw_process_resident_memory_bytes', {}, look.residentBytes);
  metrics.set('sensorgw_process_heap_bytes', {}, look.heapBytes);
  metrics.show('sensorgw_process_memory_limit_bytes', one(look.memoryLimitBytes));
  metrics.show('sensorgw_process_open_fds', one(look.openFds));
  metrics.set('sensorgw_eventloop_lag_seconds', {}, look.lagSeconds);
  metrics.show('sensorgw_eventloop_busy_seconds_total', one(look.busySeconds));
  metrics.set('sensorgw_loops_overdue', {}, look.loopsOverdue);
}

/** The one series of a metric without labels of its own; none if it is not known. */
export function one(value: number | undefined): readonly { labels: Record<never, string>; value: number }[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}
