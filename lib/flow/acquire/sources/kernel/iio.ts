/**
 * Chips that the kernel drives as Industrial I/O: BME280, BH1750, SCD4x, ADS1115 and a few hundred more, under
 * /sys/bus/iio/devices. Each read of a value file is one measurement; buffers and triggers belong to whoever
 * has set them up, and while they run the kernel gives no single values.
 *
 * A device is named by its driver and its address, never by `iio:deviceN`.
 */

import { join } from 'node:path';
import type { Measurement } from '../../sensor-source.ts';
import { createUniqueNames, nameOf } from '../names.ts';
import { placeOf } from './device-address.ts';
import { type IioChannel, parseChannel, rawValue, scaledValue } from './iio-channel.ts';
import type { KernelDevice } from './kernel-answer.ts';
import { linkTarget, listNames, readText } from './kernel-files.ts';

interface Channel extends IioChannel {
  readonly sensor: string;
}

/** The devices with at least one channel that `wants` its sensor read. */
export async function findIioDevices(
  sysDir: string,
  wants: (sensor: string) => boolean,
  signal: AbortSignal,
): Promise<readonly KernelDevice[]> {
  const root = join(sysDir, 'bus/iio/devices');
  const uniqueKey = createUniqueNames();
  const series = new Map<string, (name: string) => string>();
  const devices: KernelDevice[] = [];
  const found = await listDevices(root, signal);
  for (const { dir, name, place } of found) {
    const twins = found.filter((other) => other.name === name).length > 1;
    const chipName = twins || place.removable ? `${name}-${place.address}` : name;
    const files = new Set(await listNames(dir, signal));
    const channels: Channel[] = [];
    for (const channel of channelsOf(files)) {
      const label = files.has(`${channel.stem}_label`)
        ? await readText(join(dir, `${channel.stem}_label`), signal)
        : undefined;
      const unique = series.get(channel.metric) ?? createUniqueNames();
      series.set(channel.metric, unique);
      const parts = [label || channel.suffix].filter((part) => part !== '');
      channels.push({ ...channel, sensor: unique(nameOf('iio', chipName, ...parts)) });
    }
    const wanted = channels.filter(({ sensor }) => wants(sensor));
    if (wanted.length === 0) continue;
    devices.push({
      key: uniqueKey(nameOf('iio', chipName)),
      bus: place.bus,
      wired: place.removable,
      read: (nobodyWaits) => readChannels(dir, files, wanted, nobodyWaits),
    });
  }
  return devices;
}

async function listDevices(root: string, signal: AbortSignal) {
  const devices = [];
  for (const entry of await listNames(root, signal)) {
    if (!/^iio:device\d+$/.test(entry)) continue;
    const dir = join(root, entry);
    const name = await readText(join(dir, 'name'), signal);
    if (name === undefined || name === '') continue;
    devices.push({ dir, name, place: placeOf((await linkTarget(dir, signal)) ?? entry) });
  }
  return devices;
}

/** One for each value: where the kernel offers both, the number that it has scaled itself. */
function channelsOf(files: ReadonlySet<string>): readonly IioChannel[] {
  return [...files].flatMap((file) => {
    const channel = parseChannel(file);
    if (channel === undefined) return [];
    return channel.scaled || !files.has(`${channel.stem}_input`) ? [channel] : [];
  });
}

async function readChannels(
  dir: string,
  files: ReadonlySet<string>,
  channels: readonly Channel[],
  signal: AbortSignal,
): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [];
  for (const channel of channels) {
    const value = await valueNow(dir, files, channel, signal);
    if (value === undefined) continue;
    const { sensor, metric, unit } = channel;
    measurements.push({ sensor, metric, unit, value });
  }
  return measurements;
}

async function valueNow(
  dir: string,
  files: ReadonlySet<string>,
  { stem, scaled, shared, exponent }: IioChannel,
  signal: AbortSignal,
): Promise<number | undefined> {
  const read = (file: string | undefined) =>
    file === undefined ? undefined : readText(join(dir, file), signal);
  if (scaled) {
    const text = await read(`${stem}_input`);
    return text === undefined ? undefined : scaledValue(text, exponent);
  }
  const fileFor = (attribute: string) =>
    shared.map((one) => `${one}_${attribute}`).find((file) => files.has(file));
  const scaleFile = fileFor('scale');
  if (scaleFile === undefined) return undefined;
  const raw = await read(`${stem}_raw`);
  const scale = await read(scaleFile);
  const offset = await read(fileFor('offset'));
  return raw === undefined || scale === undefined ? undefined : rawValue({ raw, scale, offset }, exponent);
}
