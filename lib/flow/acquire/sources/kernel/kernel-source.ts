/**
 * One kind of kernel sensors as a source: of what was read only what is wanted, under the names that a person
 * has given, and what is wrong with the rest.
 */

import type { SensorSource } from '../../sensor-source.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import type { SensorChoice } from './sensor-choice.ts';

export type KernelRead = (signal: AbortSignal) => Promise<KernelAnswer>;

export interface KernelSourceOptions {
  readonly name: string;
  readonly deadlineMs: number;
  readonly intervalMs: number | undefined;
  readonly choice: SensorChoice;
  /** Sensors of this kind that somebody has named, and so would miss. */
  readonly named: readonly string[];
  readonly read: KernelRead;
}

export function createKernelSource(options: KernelSourceOptions): SensorSource {
  const { name, deadlineMs, intervalMs, choice, named, read } = options;
  let troubles: Readonly<Record<string, string>> = {};

  return {
    name,
    deadlineMs,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    troubles: () => troubles,

    async read(signal) {
      troubles = {};
      const answer = await read(signal);
      const wanted = answer.measurements.filter(({ sensor }) => choice.wants(sensor));
      const told = new Set([...wanted.map(({ sensor }) => sensor), ...answer.troubles.keys()]);
      const missing = named.filter((sensor) => choice.wants(sensor) && !told.has(sensor));
      const all = [...answer.troubles, ...missing.map((sensor) => [sensor, notThere(sensor)] as const)];
      troubles = Object.fromEntries(all.map(([sensor, why]) => [choice.nameFor(sensor), why]));
      return wanted.map((one) => ({ ...one, sensor: choice.nameFor(one.sensor) }));
    },
  };
}

function notThere(sensor: string): string {
  return `gives nothing: the kernel has no value of ${sensor} now (sensorctl sensors scan)`;
}
