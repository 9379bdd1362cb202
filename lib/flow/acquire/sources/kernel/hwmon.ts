/**
 * Every input of every chip in /sys/class/hwmon (kernel: Documentation/hwmon/sysfs-interface.rst): what the
 * board measures about itself, and chips on a bus that have a hwmon driver (SHT4x, INA219, LM75 ...). A
 * sensor is named by its driver, its address where it can be unplugged or has a twin, and the label of its
 * channel; never by `hwmonN`, which changes from boot to boot.
 *
 * Names are found first, for all chips, so that they do not depend on which of them answer. Then each chip is
 * a device of its own: one that hangs costs only itself.
 */

import { join } from 'node:path';
import type { Unit } from '../../../reading.ts';
import type { Measurement } from '../../sensor-source.ts';
import { createUniqueNames, nameOf } from '../names.ts';
import { type DevicePlace, placeOf } from './device-address.ts';
import type { KernelDevice } from './kernel-answer.ts';
import { linkTarget, listNames, readInteger, readText } from './kernel-files.ts';

interface Kind {
  readonly metric: string;
  readonly unit: Unit;
  /** The kernel counts in this fraction of the unit. */
  readonly perUnit: number;
}

/** The kinds of channels, with the scales that sysfs-interface.rst gives them. */
const KINDS: Readonly<Record<string, Kind>> = {
  temp: { metric: 'temperature', unit: 'celsius', perUnit: 1_000 },
  in: { metric: 'voltage', unit: 'volt', perUnit: 1_000 },
  fan: { metric: 'speed', unit: 'rpm', perUnit: 1 },
  curr: { metric: 'current', unit: 'ampere', perUnit: 1_000 },
  power: { metric: 'power', unit: 'watt', perUnit: 1_000_000 },
  energy: { metric: 'energy', unit: 'joule', perUnit: 1_000_000 },
  humidity: { metric: 'humidity', unit: 'percent', perUnit: 1_000 },
  freq: { metric: 'frequency', unit: 'hertz', perUnit: 1 },
};

/** The firmware's verdict on the power supply of a Raspberry Pi: its driver has an alarm and no voltage. */
const UNDERVOLTAGE: Kind = { metric: 'undervoltage', unit: 'bit', perUnit: 1 };
const UNDERVOLTAGE_DRIVER = 'rpi_volt';

/** DS18B20 and its kin register here, too: read as `one-wire.ts` does it, with their checksum, and only once. */
const READ_ELSEWHERE: ReadonlySet<string> = new Set(['w1_slave_temp']);

interface Channel {
  readonly sensor: string;
  readonly kind: Kind;
  readonly file: string;
  /** Where the driver says that the probe is broken or missing. */
  readonly faultFile: string | undefined;
}

interface Chip {
  readonly dir: string;
  readonly name: string;
  readonly place: DevicePlace;
}

/** The chips with at least one channel that `wants` its sensor read. */
export async function findHwmonChips(
  sysDir: string,
  wants: (sensor: string) => boolean,
  signal: AbortSignal,
): Promise<readonly KernelDevice[]> {
  const chips = await listChips(join(sysDir, 'class/hwmon'), signal);
  const uniqueKey = createUniqueNames();
  const names = new Map<Kind, (name: string) => string>();
  // A voltage and a current may share their label, and so their sensor; two temperatures may not.
  const unique = (kind: Kind, name: string) => {
    const take = names.get(kind) ?? createUniqueNames();
    names.set(kind, take);
    return take(name);
  };
  const devices: KernelDevice[] = [];
  for (const chip of chips) {
    const twins = chips.filter((other) => other.name === chip.name).length > 1;
    const chipName = twins || chip.place.removable ? fullName(chip) : chip.name;
    const channels = await channelsOf(chip, chipName, unique, signal);
    const wanted = channels.filter(({ sensor }) => wants(sensor));
    if (wanted.length === 0) continue;
    devices.push({
      key: uniqueKey(nameOf('hwmon', chipName)),
      bus: chip.place.bus,
      wired: chip.place.removable,
      read: (nobodyWaits) => readChannels(wanted, nobodyWaits),
    });
  }
  return devices;
}

async function listChips(root: string, signal: AbortSignal): Promise<readonly Chip[]> {
  const chips: Chip[] = [];
  for (const entry of await listNames(root, signal)) {
    const dir = join(root, entry);
    const name = await readText(join(dir, 'name'), signal);
    if (name === undefined || READ_ELSEWHERE.has(name)) continue;
    // `hwmonN` is a link to its place among the devices; where it is not, it has a link to its device.
    const path = (await linkTarget(dir, signal)) ?? (await linkTarget(join(dir, 'device'), signal)) ?? entry;
    chips.push({ dir, name, place: placeOf(path) });
  }
  return chips;
}

/** `coretemp.1` says it all; `1-0048` needs its driver's name in front. */
function fullName({ name, place: { address } }: Chip): string {
  return address.startsWith(name) ? address : `${name}-${address}`;
}

async function channelsOf(
  chip: Chip,
  chipName: string,
  unique: (kind: Kind, name: string) => string,
  signal: AbortSignal,
): Promise<readonly Channel[]> {
  const files = await listNames(chip.dir, signal);
  const found = files.flatMap((file) => channelOf(chip, file, files) ?? []);
  const channels: Channel[] = [];
  for (const { file, channel, kind } of found) {
    const label = files.includes(`${channel}_label`)
      ? await readText(join(chip.dir, `${channel}_label`), signal)
      : undefined;
    const only = found.filter((other) => other.kind === kind).length === 1;
    const parts = label !== undefined && label !== '' ? [label] : only ? [] : [channel];
    const fault = `${channel}_fault`;
    channels.push({
      sensor: unique(kind, nameOf('hwmon', chipName, ...parts)),
      kind,
      file: join(chip.dir, file),
      faultFile: files.includes(fault) ? join(chip.dir, fault) : undefined,
    });
  }
  return channels;
}

function channelOf(
  chip: Chip,
  file: string,
  files: readonly string[],
): { file: string; channel: string; kind: Kind } | undefined {
  if (file === 'in0_lcrit_alarm' && chip.name === UNDERVOLTAGE_DRIVER)
    return { file, channel: 'in0', kind: UNDERVOLTAGE };
  const [, channel = '', letters = '', attribute] = /^(([a-z]+)\d+)_(input|average)$/.exec(file) ?? [];
  const kind = KINDS[letters];
  if (kind === undefined) return undefined;
  // Some power meters have only an average; where there is an input, that is the measurement.
  const averageOnly = letters === 'power' && !files.includes(`${channel}_input`);
  return attribute === 'input' || averageOnly ? { file, channel, kind } : undefined;
}

async function readChannels(
  channels: readonly Channel[],
  signal: AbortSignal,
): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { sensor, kind, file, faultFile } of channels) {
    // With a broken probe the value would be noise.
    if (faultFile !== undefined && (await readInteger(faultFile, signal)) === 1) continue;
    const raw = await readInteger(file, signal);
    if (raw === undefined) continue;
    measurements.push({ sensor, metric: kind.metric, unit: kind.unit, value: raw / kind.perUnit });
  }
  return measurements;
}
