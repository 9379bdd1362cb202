/**
 * The machine itself as a sensor, and every chip that the kernel has a driver for: what needs no driver of
 * ours. Each kind is a source of its own, so that a state directory on a dead network mount (disk) does not
 * cost the temperatures; and within a kind each device has its own turn, so that a chip that hangs costs only
 * its own readings.
 */

import type { Clock } from '../../../../base/clock.ts';
import type { Measurement, SensorSource } from '../../sensor-source.ts';
import { nameOf } from '../names.ts';
import type { PoolThreads } from '../pool-threads.ts';
import { createDeviceTurns, NOT_IN_TIME, type TurnLimits } from './device-turns.ts';
import { readDiskSpace } from './disk-space.ts';
import { findHwmonChips } from './hwmon.ts';
import { findIioDevices } from './iio.ts';
import { type KernelDevice, NO_VALUE } from './kernel-answer.ts';
import { createKernelSource, type KernelRead } from './kernel-source.ts';
import { readMachine } from './machine.ts';
import { readNetworkCounters } from './network-counters.ts';
import { readOneWire } from './one-wire.ts';
import { createSensorChoice, type SensorChoiceOptions } from './sensor-choice.ts';
import { readThermalZones } from './thermal-zones.ts';

export interface KernelSourcesOptions extends SensorChoiceOptions {
  /** What the sources' names begin with; `kernel` if left out. */
  readonly name?: string | undefined;
  readonly clock: Clock;
  /** Whose file system is measured: the state directory. */
  readonly stateDir: string;
  /** `/proc` if left out. */
  readonly procDir?: string | undefined;
  /** `/sys` if left out. */
  readonly sysDir?: string | undefined;
  /** How often to read them; with every round if left out. */
  readonly intervalMs?: number | undefined;
  readonly deadlineMs?: number | undefined;
  /** Shared with all others that may hang in this process; an account of their own if left out. */
  readonly threads?: PoolThreads;
}

/** What a kind's sensors are called, or how their names begin. */
type Kind = readonly [kind: string, sensors: readonly string[], read: KernelRead];

/** A PC with 80 hwmon files takes about 50 ms; a slow chip behind hwmon or IIO may take one second to answer. */
const DEADLINE_MS = 5_000;

/** A chip converts within a second, and its driver gives up soon after. */
const CHIP_MS = { patience: 1_500, usual: 100 };

/** A conversion at 12 bits and what goes over the wire; the kernel repeats what was garbled. */
const ONE_WIRE_MS = { patience: 2_500, usual: 900 };

/** So that one late device leaves time for the others, and all together are never late as a source. */
const PATIENCE_SHARE_MAX = 0.5;
const TOTAL_SHARE_MAX = 0.9;

/**
 * Opens nothing yet. One source for each kind that may have a wanted sensor; what this machine lacks gives no
 * measurements.
 */
export function createKernelSources(options: KernelSourcesOptions): readonly SensorSource[] {
  const {
    name: prefix = 'kernel',
    clock,
    stateDir,
    procDir = '/proc',
    sysDir = '/sys',
    intervalMs,
    deadlineMs = DEADLINE_MS,
    names = {},
  } = options;
  const choice = createSensorChoice(options);
  // One for all kinds: hwmon and IIO share buses, and all share the threads that a hanging device keeps.
  const turns = createDeviceTurns({ clock, threads: options.threads });
  const limitsFor = (lanes: number, ms: { patience: number; usual: number }): TurnLimits => ({
    lanes,
    patienceMs: Math.min(ms.patience, deadlineMs * PATIENCE_SHARE_MAX),
    totalMs: deadlineMs * TOTAL_SHARE_MAX,
    leastMs: Math.min(ms.usual, deadlineMs * PATIENCE_SHARE_MAX),
  });
  const inTurns =
    (find: (signal: AbortSignal) => Promise<readonly KernelDevice[]>): KernelRead =>
    async (signal) => {
      const devices = await find(signal);
      const answers = await turns.take(devices, limitsFor(1, CHIP_MS), signal);
      const troubles = devices.flatMap(({ key, wired }, index): [string, string][] => {
        if (answers[index] === undefined) return [[key, NOT_IN_TIME]];
        return wired && answers[index].length === 0 ? [[key, NO_VALUE]] : [];
      });
      return { measurements: answers.flatMap((answer) => answer ?? []), troubles: new Map(troubles) };
    };
  const plainly =
    (read: (signal: AbortSignal) => Promise<readonly Measurement[]>): KernelRead =>
    async (signal) => ({ measurements: await read(signal), troubles: new Map() });
  const oneWire: KernelRead = (signal) =>
    readOneWire(sysDir, choice.wants, turns, limitsFor(2, ONE_WIRE_MS), signal);

  const kinds: readonly Kind[] = [
    ['machine', ['cpu', 'memory', 'system'], plainly((signal) => readMachine(procDir, signal))],
    ['disk', ['disk'], plainly((signal) => readDiskSpace(stateDir, signal))],
    ['thermal', ['thermal-'], plainly((signal) => readThermalZones(sysDir, signal))],
    ['hwmon', ['hwmon-'], inTurns((signal) => findHwmonChips(sysDir, choice.wants, signal))],
    ['iio', ['iio-'], inTurns((signal) => findIioDevices(sysDir, choice.wants, signal))],
    ['w1', ['w1-'], oneWire],
    ['network', ['net-'], plainly((signal) => readNetworkCounters(sysDir, signal))],
  ];
  return kinds
    .filter(([, sensors]) => sensors.some(choice.wantsSome))
    .map(([kind, sensors, read]) =>
      createKernelSource({
        name: nameOf(prefix, kind),
        deadlineMs,
        intervalMs,
        choice,
        named: Object.keys(names).filter((one) => sensors.some((beginning) => one.startsWith(beginning))),
        read,
      }),
    );
}
