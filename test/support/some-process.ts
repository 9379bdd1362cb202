/** A process as its metrics may find it. */

import type { ProcessLook } from '../../lib/ops/metrics/process-metrics.ts';

export const SOME_PROCESS: ProcessLook = {
  version: '1.2.3',
  node: '20.19.2',
  sqlite: '3.53.0',
  startedAt: 1_768_493_375_000,
  cpuSeconds: 1.5,
  residentBytes: 90_000_000,
  heapBytes: 20_000_000,
  memoryLimitBytes: undefined,
  openFds: 20,
  lagSeconds: 0.01,
  busySeconds: 2,
  loopsOverdue: 0,
};
