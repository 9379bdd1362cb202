/** Load, memory and uptime from /proc: what every Linux machine has. See proc(5) for the three files. */

import { join } from 'node:path';
import type { Measurement } from '../../sensor-source.ts';
import { readText } from './kernel-files.ts';
import { percentOf } from './percent.ts';

export async function readMachine(procDir: string, signal: AbortSignal): Promise<readonly Measurement[]> {
  const loadavg = await readText(join(procDir, 'loadavg'), signal);
  const meminfo = await readText(join(procDir, 'meminfo'), signal);
  const uptime = await readText(join(procDir, 'uptime'), signal);
  return [...loadOf(loadavg), ...memoryOf(meminfo), ...uptimeOf(uptime)];
}

/** `0.08 0.03 0.01 1/123 4567`: runnable tasks, averaged over 1, 5 and 15 minutes. */
function loadOf(loadavg = ''): readonly Measurement[] {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) /.exec(loadavg);
  if (match === null) return [];
  return ['load1', 'load5', 'load15'].map((metric, index) => ({
    sensor: 'cpu',
    metric,
    unit: 'count',
    value: Number(match[index + 1]),
  }));
}

function memoryOf(meminfo = ''): readonly Measurement[] {
  const total = kibibytes(meminfo, 'MemTotal');
  // MemFree would alarm people for nothing: most of what is not free is cache that can be had back.
  const available = kibibytes(meminfo, 'MemAvailable');
  if (total === undefined || available === undefined || total === 0) return [];
  return [
    { sensor: 'memory', metric: 'total', unit: 'byte', value: total * 1_024 },
    { sensor: 'memory', metric: 'available', unit: 'byte', value: available * 1_024 },
    { sensor: 'memory', metric: 'used', unit: 'percent', value: percentOf(total - available, total) },
  ];
}

function kibibytes(meminfo: string, key: string): number | undefined {
  const match = new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(meminfo);
  return match === null ? undefined : Number(match[1]);
}

function uptimeOf(uptime = ''): readonly Measurement[] {
  const match = /^(\d+\.\d+) /.exec(uptime);
  return match === null
    ? []
    : [{ sensor: 'system', metric: 'uptime', unit: 'second', value: Number(match[1]) }];
}
