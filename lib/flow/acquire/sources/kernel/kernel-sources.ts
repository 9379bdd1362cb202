/**
 * The machine itself as a sensor: everything the kernel already measures, with no wiring and no driver.
 * Each kind is a source of its own, so that a chip whose driver hangs (hwmon) does not cost the load,
 * and a state directory on a dead network mount (disk) does not cost the temperatures.
 */

import type { Measurement, SensorSource } from '../../sensor-source.ts';
import { nameOf } from '../names.ts';
import { readDiskSpace } from './disk-space.ts';
import { readHwmon } from './hwmon.ts';
import { readMachine } from './machine.ts';
import { readNetworkCounters } from './network-counters.ts';
import { readThermalZones } from './thermal-zones.ts';

export interface KernelSourcesOptions {
  /** What the sources' names begin with; `kernel` if left out. */
  readonly name?: string | undefined;
  /** Whose file system is measured: the state directory. */
  readonly stateDir: string;
  /** `/proc` if left out. */
  readonly procDir?: string | undefined;
  /** `/sys` if left out. */
  readonly sysDir?: string | undefined;
  /** How often to read them; with every round if left out. */
  readonly intervalMs?: number | undefined;
  readonly deadlineMs?: number | undefined;
}

/** A PC with 80 hwmon files takes about 50 ms; a slow I2C chip behind hwmon may take one second to answer. */
const DEADLINE_MS = 2_000;

/** One source for each kind; a kind that this machine lacks gives no measurements. */
export function createKernelSources(options: KernelSourcesOptions): readonly SensorSource[] {
  const {
    name: prefix = 'kernel',
    stateDir,
    procDir = '/proc',
    sysDir = '/sys',
    intervalMs,
    deadlineMs = DEADLINE_MS,
  } = options;
  const source = (
    kind: string,
    read: (signal: AbortSignal) => Promise<readonly Measurement[]>,
  ): SensorSource => ({
    name: nameOf(prefix, kind),
    deadlineMs,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    read,
  });
  return [
    source('machine', (signal) => readMachine(procDir, signal)),
    source('disk', (signal) => readDiskSpace(stateDir, signal)),
    source('thermal', (signal) => readThermalZones(sysDir, signal)),
    source('hwmon', (signal) => readHwmon(sysDir, signal)),
    source('network', (signal) => readNetworkCounters(sysDir, signal)),
  ];
}
