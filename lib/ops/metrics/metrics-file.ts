/**
 * The metrics of a program that opens no port, as a file in the runtime directory: replaced whole at each beat, in
 * the form that node_exporter's textfile collector reads, too. Its age is the message, as of a health file; it is
 * told in monotonic time, because the clock on the wall of a Pi jumps.
 */

import { chmodSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { writeBeside } from '../run-file.ts';
import { type Family, parseExposition } from './exposition.ts';

export interface MetricsFile {
  /** Throws what the file system throws; the caller decides that metrics must not stop the work. */
  write(text: string): void;
  /** Taken away at a clean stop. Nothing is written any more. */
  remove(): void;
}

export interface MetricsFileOptions {
  readonly dir: string;
  readonly program: string;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** What a scraper takes for a remark. */
const WRITTEN = /^# written_mono_ms (\d{1,16})\n/;

/** 512 series of each metric would be some MiB; what is larger is not ours. */
const FILE_BYTES_MAX = 8 * 1_048_576;

export function createMetricsFile({ dir, program, clock }: MetricsFileOptions): MetricsFile {
  const file = metricsPath(dir, program);
  let removed = false;
  return {
    write(text) {
      // The text is made beside the beat, so a stop may have overtaken it.
      if (removed) return;
      const written = `# written_mono_ms ${Math.round(clock.monotonicMs())}\n`;
      const part = writeBeside(file, written + text);
      // Whatever the umask: it is meant for other users, and there is no secret in it.
      chmodSync(part, 0o644);
      renameSync(part, file);
    },
    remove() {
      removed = true;
      rmSync(file, { force: true });
    },
  };
}

export function metricsPath(dir: string, program: string): string {
  return join(dir, `${program}.prom`);
}

export interface WrittenMetrics {
  readonly families: readonly Family[];
  readonly ageMs: number;
}

/** `undefined` if there is no such file, if it cannot be read, or if it is not one of ours. */
export function readMetricsFile({ dir, program, clock }: MetricsFileOptions): WrittenMetrics | undefined {
  try {
    const path = metricsPath(dir, program);
    if (statSync(path).size > FILE_BYTES_MAX) return undefined;
    const text = readFileSync(path, 'utf8');
    const writtenMono = Number(WRITTEN.exec(text)?.[1] ?? Number.NaN);
    // Of an earlier boot: its time is still to come.
    const ageMs = clock.monotonicMs() - writtenMono;
    return ageMs >= -1 ? { families: parseExposition(text), ageMs: Math.max(0, ageMs) } : undefined;
  } catch {
    return undefined;
  }
}
