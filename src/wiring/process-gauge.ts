/** What this process takes of the machine, for its metrics. Cheap: a look at it costs less than a millisecond. */

import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Clock } from '../../lib/base/clock.ts';
import { sqliteVersion } from '../../lib/base/sqlite.ts';
import type { Liveness } from '../../lib/ops/liveness.ts';
import type { ProcessLook } from '../../lib/ops/metrics/process-metrics.ts';
import type { Config } from './config.ts';
import { UNIT_MEMORY_VARIABLE } from './config.ts';
import { memoryLimit } from './memory-limit.ts';
import { VERSION } from './version.ts';

export interface ProcessGauge {
  look(): ProcessLook;
  /** At each heartbeat: the longest lag is told of this beat and the one before, whoever asks, and how often. */
  beat(): void;
}

export interface ProcessGaugeDeps {
  readonly config: Pick<Config, 'memory'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly liveness: Pick<Liveness, 'overdue'>;
}

/** Ten times a second the process wakes for it, which costs it a thousandth of a core; a shorter lag is none. */
const LAG_RESOLUTION_MS = 100;

/** Less than this is how exactly two clocks can be read after each other. */
const CLOCK_STEP_MS = 2_000;

export function createProcessGauge({ config, clock, liveness }: ProcessGaugeDeps): ProcessGauge {
  const sqlite = sqliteVersion();
  const unitMiB = process.env[UNIT_MEMORY_VARIABLE];
  const memoryLimitBytes = memoryLimit({ settingBytes: config.memory.max, unitMiB });
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();
  let lagBefore = 0;
  let startedAt = Number.NaN;

  const lagSeconds = () => Math.max(0, Math.round(delay.max / 1e6) - LAG_RESOLUTION_MS) / 1_000;

  /** Always the same, or whoever looks takes it for a restart; unless the clock on the wall has been set. */
  function started(): number {
    const at = clock.wallMs() - process.uptime() * 1_000;
    if (!(Math.abs(at - startedAt) < CLOCK_STEP_MS)) startedAt = Math.round(at);
    return startedAt;
  }

  return {
    beat() {
      lagBefore = lagSeconds();
      delay.reset();
    },
    look() {
      const { user, system } = process.cpuUsage();
      return {
        version: VERSION,
        node: process.versions.node,
        sqlite,
        startedAt: started(),
        cpuSeconds: (user + system) / 1e6,
        residentBytes: process.memoryUsage.rss(),
        heapBytes: process.memoryUsage().heapUsed,
        memoryLimitBytes,
        openFds: openFds(),
        lagSeconds: Math.max(lagBefore, lagSeconds()),
        busySeconds: performance.eventLoopUtilization().active / 1_000,
        loopsOverdue: liveness.overdue().length,
      };
    },
  };
}

/** Without the one that looks. */
function openFds(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined; // No /proc: not a Linux.
  }
}
