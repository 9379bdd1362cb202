/**
 * Thermometers on a 1-Wire bus (DS18B20 and its kin) under /sys/bus/w1/devices: named by their own serial
 * numbers, so that no order and no socket matters. A dead one is named with what is wrong, and costs the
 * others nothing.
 *
 * Reading one makes it convert, and the kernel waits for that: 750 ms at 12 bits. Two are read at a time, which
 * the kernel lets overlap unless they take their power from the data wire. Where this process may write to
 * `therm_bulk_read` (root, and no sandbox), all of a bus convert at once before they are read.
 */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measurement } from '../../sensor-source.ts';
import { nameOf } from '../names.ts';
import { placeOf } from './device-address.ts';
import { type Device, type DeviceTurns, NOT_IN_TIME, type TurnLimits } from './device-turns.ts';
import type { KernelAnswer } from './kernel-answer.ts';
import { absentAsUndefined, linkTarget, listNames, readText } from './kernel-files.ts';
import { type OneWireAnswer, parseOneWireAnswer, parseOneWireTemperature } from './one-wire-answer.ts';

/** DS18S20, DS1822, DS18B20, DS1825, DS28EA00: what the kernel's w1_therm drives. */
const THERMOMETER = /^(10|22|28|3b|42)-[0-9a-f]{12}$/;

interface OneWireProbe extends Device<OneWireAnswer> {
  readonly sensor: string;
}

/** The thermometers whose sensor is wanted. */
async function findOneWireProbes(
  sysDir: string,
  wants: (sensor: string) => boolean,
  signal: AbortSignal,
): Promise<readonly OneWireProbe[]> {
  const root = join(sysDir, 'bus/w1/devices');
  const probes: OneWireProbe[] = [];
  for (const entry of await listNames(root, signal)) {
    const sensor = nameOf('w1', entry);
    if (!THERMOMETER.test(entry) || !wants(sensor)) continue;
    const dir = join(root, entry);
    const { bus } = placeOf((await linkTarget(dir, signal)) ?? entry);
    probes.push({ sensor, key: sensor, bus, read: (nobodyWaits) => readProbe(dir, nobodyWaits) });
  }
  return probes;
}

/** A value for each thermometer that gave one, and what is wrong with the others. Throws if none gave one. */
export async function readOneWire(
  sysDir: string,
  wants: (sensor: string) => boolean,
  turns: DeviceTurns,
  limits: TurnLimits,
  signal: AbortSignal,
): Promise<KernelAnswer> {
  const probes = await findOneWireProbes(sysDir, wants, signal);
  await convertTogether(sysDir, probes, turns, limits, signal);
  const answers = await turns.take(probes, limits, signal);
  const measurements: Measurement[] = [];
  const troubles = new Map<string, string>();
  for (const [index, { sensor }] of probes.entries()) {
    const answer = answers[index];
    if (answer === undefined) troubles.set(sensor, NOT_IN_TIME);
    else if ('fault' in answer) troubles.set(sensor, answer.fault);
    else {
      const value = answer.milliCelsius / 1_000;
      measurements.push({ sensor, metric: 'temperature', unit: 'celsius', value });
    }
  }
  const [first] = troubles;
  if (measurements.length === 0 && first !== undefined) {
    const others = troubles.size === 1 ? '' : ` (and ${troubles.size - 1} more on 1-Wire)`;
    throw new Error(`${first.join(' ')}${others}`);
  }
  return { measurements, troubles };
}

async function readProbe(dir: string, signal: AbortSignal): Promise<OneWireAnswer> {
  const answer = await readText(join(dir, 'w1_slave'), signal);
  if (answer !== undefined) return parseOneWireAnswer(answer);
  return parseOneWireTemperature((await readText(join(dir, 'temperature'), signal)) ?? '');
}

/** One conversion for all thermometers of a bus, where that is allowed and saves time. */
async function convertTogether(
  sysDir: string,
  probes: readonly OneWireProbe[],
  turns: DeviceTurns,
  limits: TurnLimits,
  signal: AbortSignal,
): Promise<void> {
  const buses = new Set(
    probes
      .filter((one, i) => probes.some((other, j) => j < i && other.bus === one.bus))
      .map(({ bus }) => bus),
  );
  const conversions = [...buses].map((bus) => ({
    key: `w1-bulk-${bus}`,
    bus,
    read: () => triggerConversion(join(sysDir, 'bus/w1/devices', bus, 'therm_bulk_read')),
  }));
  await turns.take(conversions, limits, signal);
}

async function triggerConversion(file: string): Promise<void> {
  await absentAsUndefined(async () => {
    const handle = await open(file, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      // The kernel compares with the newline, and answers when all have converted.
      await handle.write('trigger\n');
    } finally {
      await handle.close();
    }
  });
}
