/**
 * The numbers of the reader, from its events and its parts to the file that the monitor and others read them from.
 * It opens no port: whoever scrapes has no way to the program that must never wait.
 */

import { join } from 'node:path';
import type { SamplingLoop } from '../../lib/flow/acquire/sampling-loop.ts';
import type { I2cBusStatus } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import type { Observe } from '../../lib/flow/flow-event.ts';
import type { ClockLoop } from '../../lib/flow/outbox/clock-loop.ts';
import type { Destination } from '../../lib/flow/sync/destination.ts';
import type { Liveness } from '../../lib/ops/liveness.ts';
import { createMetricsFile } from '../../lib/ops/metrics/metrics-file.ts';
import { createReaderMetrics } from '../../lib/ops/metrics/reader-metrics.ts';
import { databaseBytes } from './database-bytes.ts';
import { OUTBOX_FILE, READER } from './names.ts';
import { noting, type ProgramContext } from './program.ts';

/** What is looked at, once it is there. */
export interface ReaderParts {
  readonly sampling: Pick<SamplingLoop, 'status'>;
  readonly buses: () => readonly I2cBusStatus[];
  readonly clockLoop: Pick<ClockLoop, 'status'>;
  readonly destinations: readonly Pick<Destination, 'status'>[];
}

export interface WrittenMetrics {
  readonly observe: Observe;
  onRead(source: string, answered: boolean): void;
  /** To be called once, before the first `write`. */
  lookAt(parts: ReaderParts): void;
  /** At each beat. Never throws, and nobody waits for it. */
  write(): void;
  remove(): void;
}

export function writeReaderMetrics(context: ProgramContext, liveness: Liveness): WrittenMetrics {
  const { config, clock, log } = context;
  const gauge = context.surroundings.gauge({ config, clock, liveness });
  const file = createMetricsFile({ dir: config.runDir, program: READER, clock });
  const metrics = createReaderMetrics({
    destinations: config.destinations.map(({ name }) => name),
    intervalMs: config.sampling.intervalMs,
    outboxBytesMax: config.outbox.bytesMax,
  });
  let parts: ReaderParts | undefined;

  async function text(): Promise<string> {
    if (parts === undefined) return '';
    return metrics.text(
      {
        sources: parts.sampling.status().sources,
        destinations: parts.destinations.map((one) => one.status()),
        clockTrusted: parts.clockLoop.status().trusted,
        buses: parts.buses(),
        outboxBytes: databaseBytes(join(config.dataDir, OUTBOX_FILE)),
      },
      gauge.look(),
    );
  }

  return {
    observe: (event) => noting(log, 'metrics', () => metrics.observe(event)),
    onRead: (source, answered) => noting(log, 'metrics', () => metrics.onRead(source, answered)),
    lookAt(all) {
      parts = all;
      metrics.begin(all.sampling.status().sources.map(({ name }) => name));
    },
    write() {
      const what = 'metrics file';
      text().then(
        (made) => noting(log, what, () => file.write(made)),
        (error: unknown) =>
          noting(log, what, () => {
            throw error;
          }),
      );
      gauge.beat();
    },
    remove: () => noting(log, 'metrics file', () => file.remove()),
  };
}
