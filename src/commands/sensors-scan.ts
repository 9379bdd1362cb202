/**
 * `sensorctl sensors scan`: what could be read on this machine. Chips on I2C buses, chips that the kernel
 * drives, 1-Wire thermometers; what is in the way, and what to write into the configuration.
 */

import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { createI2cBuses, type I2cBusesOptions } from '../../lib/flow/acquire/sources/i2c/i2c-buses.ts';
import { hex } from '../../lib/flow/acquire/sources/i2c/i2c-errors.ts';
import { createKernelSources } from '../../lib/flow/acquire/sources/kernel/kernel-sources.ts';
import { type Command, type CommandContext, textOption, usageError } from './command.ts';
import { findPlaces, readConfig } from './places.ts';
import { configurationBlock } from './sensors-block.ts';
import { adaptersOf, type FoundChip, type ScannedBus, scanBuses } from './sensors-buses.ts';
import { hintsForOneWire } from './sensors-one-wire.ts';
import { readContained, type SourceAnswer } from './sensors-reading.ts';
import { count, shortNumber } from './words.ts';

export interface ScanDeps {
  readonly clock: Clock;
  readonly sysDir: string;
  /** For tests: instead of device files. */
  readonly openWire?: I2cBusesOptions['openWire'];
}

interface ScanReport {
  readonly buses: readonly ScannedBus[];
  readonly kernel: readonly SourceAnswer[];
  /** What stands in the way, and what to do about it. */
  readonly hints: readonly string[];
  readonly block: readonly string[];
  /** Something has not ended, and would keep this process. */
  readonly hangs: boolean;
}

/** The machine's own load, disk and network are no sensors that somebody has lost. */
const WORTH_FINDING = ['hwmon-*', 'iio-*', 'w1-*', 'thermal-*'];

export function createSensorsScan(deps: ScanDeps): Command {
  return {
    name: 'sensors scan',
    about: 'look for sensors: I2C buses, kernel drivers, 1-Wire; and print a configuration for them',
    options: { bus: { value: 'N', about: 'only ask on /dev/i2c-N, whatever bus that is' } },
    examples: [
      ['sensorctl sensors scan', 'which sensors are there, and what do I write for them?'],
      ['sensorctl sensors scan --bus 1', 'only the I2C bus on the header of a Raspberry Pi'],
    ],
    async run(context) {
      const report = await scan(context, deps);
      const { out, note } = context.terminal;
      if (context.json) await out(JSON.stringify(asJson(report)));
      else {
        for (const line of inWords(report)) await out(printable(line));
        for (const hint of report.hints) note(printable(hint));
      }
      if (report.hangs) context.leave?.();
      return EXIT.ok;
    },
  };
}

export const sensorsScan = createSensorsScan({ clock: systemClock, sysDir: '/sys' });

async function scan(context: CommandContext, { clock, sysDir, openWire }: ScanDeps): Promise<ScanReport> {
  const only = busOption(context);
  const loaded = readConfig(context);
  const { config } = findPlaces(context);
  const buses = createI2cBuses({ clock, ...(openWire && { openWire }) });
  try {
    const [scanned, kernel] = await Promise.all([
      scanBuses({ sysDir, only, sources: config.sources, busOf: buses.of }),
      readKernel(clock, sysDir, config.dataDir),
    ]);
    const hints = [
      ...(await hintsFor(sysDir, scanned, only)),
      ...(await hintsForOneWire(sysDir)),
      ...(scanned.some(({ found }) => found.length > 0)
        ? ['A scan beside a running reader is safe: the kernel keeps their exchanges apart.']
        : []),
    ];
    const block = configurationBlock({
      buses: scanned,
      sensors: namesWorthGiving(
        kernel,
        config.sources.flatMap(({ names = {} }) => Object.keys(names)),
      ),
      taken: config.sources.map(({ name }) => name),
      kernelConfigured: config.sources.some(({ type }) => type === 'kernel'),
      under: loaded.given(['sources']) !== undefined,
    });
    const hangs = kernel.some((one) => one.hangs) || buses.status().some(({ state }) => state === 'stuck');
    return { buses: scanned, kernel, hints, block, hangs };
  } finally {
    buses.close();
  }
}

function busOption(context: CommandContext): number | undefined {
  const text = textOption(context, 'bus');
  if (text === undefined) return undefined;
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw usageError(`--bus: "${printable(text, 60)}" is not the number of a bus`, 'sensors scan');
}

async function readKernel(clock: Clock, sysDir: string, stateDir: string): Promise<readonly SourceAnswer[]> {
  const sources = createKernelSources({ clock, sysDir, stateDir, only: WORTH_FINDING });
  return Promise.all(sources.map((source) => readContained(clock, source)));
}

/** Chips and thermometers that somebody has wired: those of the board have names that say it all. */
function namesWorthGiving(kernel: readonly SourceAnswer[], named: readonly string[]) {
  const sensors = new Map<string, string[]>();
  for (const { measurements } of kernel) {
    for (const { sensor, metric, value, unit } of measurements) {
      if (!/^(iio|w1)-|-\d{1,3}-00[0-9a-f]{2}(-|$)/.test(sensor) || named.includes(sensor)) continue;
      sensors.set(sensor, [...(sensors.get(sensor) ?? []), `${metric} ${shortNumber(value)} ${unit}`]);
    }
  }
  return Array.from(sensors, ([sensor, said]) => ({ sensor, said: said.join(', ') }));
}

async function hintsFor(
  sysDir: string,
  buses: readonly ScannedBus[],
  only: number | undefined,
): Promise<readonly string[]> {
  if (only !== undefined && buses.length === 0) {
    return [`There is no bus ${only}. Those that there are: ls /dev/i2c-*`];
  }
  const raspi = 'On a Raspberry Pi: sudo raspi-config, Interface Options, I2C; then reboot.';
  if (buses.length === 0) {
    const adapters = await adaptersOf(sysDir);
    return adapters.length === 0
      ? [`There is no I2C bus. ${raspi}`]
      : [`The kernel has ${adapters.join(', ')} but no device files for them: sudo modprobe i2c-dev`];
  }
  const probed = buses.filter(({ state }) => state === 'probed');
  if (buses.every(({ state }) => state === 'left alone')) {
    return [`There is no I2C bus for sensors, only those of displays and the mainboard. ${raspi}`];
  }
  if (probed.length > 0 && probed.every(({ found }) => found.length === 0)) {
    const wires = 'check 3.3 V, ground, SDA (pin 3) and SCL (pin 5), and that none of them is loose';
    return [`Nobody answers on ${probed.map(({ bus }) => `bus ${bus}`).join(', ')}: ${wires}.`];
  }
  return [];
}

function inWords({ buses, kernel, block }: ScanReport): string[] {
  const lines: string[] = [];
  for (const { bus, adapter, state, reason, found } of buses) {
    const why = reason === undefined ? '' : `: ${reason}`;
    lines.push(`I2C bus ${bus} (${adapter}), ${state}${why}`);
    for (const chip of found) lines.push(`  ${hex(chip.address)}  ${chipInWords(chip)}`);
    if (state === 'probed' && found.length === 0) lines.push('  nobody answers');
  }
  for (const { source, measurements, troubles, failure } of kernel) {
    if (measurements.length === 0 && failure === undefined) continue;
    lines.push(`${source}: ${count(measurements.length, 'value')}`);
    for (const { sensor, metric, value, unit } of measurements)
      lines.push(`  ${sensor.padEnd(32)}  ${metric} ${shortNumber(value)} ${unit}`);
    for (const [sensor, why] of Object.entries(troubles)) lines.push(`  ${sensor.padEnd(32)}  ${why}`);
    if (failure !== undefined) lines.push(`  ${failure}`);
  }
  if (lines.length === 0) lines.push('No sensors found.');
  if (block.length > 0) lines.push('', ...block);
  return lines;
}

function chipInWords({ kernelDevice, source, drivers, sure }: FoundChip): string {
  if (kernelDevice !== undefined) return `${kernelDevice}, read by a driver of the kernel: see below`;
  if (source !== undefined) return `configured as source ${source}`;
  const titles = drivers.map(({ type, title }) => `${title} (${type})`);
  if (sure) return titles.join('');
  if (titles.length === 0) return 'answers; no driver here knows a chip at this address';
  return `answers; by its address ${titles.join(' or ')}`;
}

function asJson({ buses, kernel, hints, block }: ScanReport): object {
  return {
    buses: buses.map(({ bus, adapter, state, reason, found }) => ({
      bus,
      adapter,
      state: state.replace(' ', '_'),
      reason: reason ?? null,
      found: found.map((chip) => ({
        address: hex(chip.address),
        kernel_device: chip.kernelDevice ?? null,
        source: chip.source ?? null,
        types: chip.drivers.map(({ type }) => type),
        sure: chip.sure,
      })),
    })),
    kernel: kernel.map(({ source, measurements, troubles, failure }) => ({
      source,
      measurements,
      troubles,
      failure: failure ?? null,
    })),
    hints,
    configuration: block.join('\n'),
  };
}
