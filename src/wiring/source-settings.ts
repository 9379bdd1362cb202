/**
 * The settings of sources, and what must hold between them: what only some types have, and what the drivers of chips
 * ask for. Each check names every setting that it looks at, the culprit first.
 */

import type { ReportProblem } from '../../lib/base/config.ts';
import { durationText } from '../../lib/base/quantity-text.ts';
import { keyOf, list, type ValueOf } from '../../lib/base/setting.ts';
import { choice, duration, fraction, integer, several, table, text } from '../../lib/base/setting-kinds.ts';
import { CHIP_OPTIONS, problemWith } from '../../lib/flow/acquire/sources/i2c/chips/chip-options.ts';
import { SHUNT_OHM } from '../../lib/flow/acquire/sources/i2c/chips/ina219.ts';
import { CHIP_DRIVERS } from '../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { hex } from '../../lib/flow/acquire/sources/i2c/i2c-errors.ts';
import { ownQuietHours } from './quiet-settings.ts';
import { DRIVER_PATH, NAME, SENSOR_PATTERN } from './text-rules.ts';

const SOURCE_TYPES = ['kernel', 'simulated', 'module', ...CHIP_DRIVERS.map(({ type }) => type)] as const;

export const SOURCES = list({
  about: 'What is read. Sources are isolated from each other: one that hangs costs only its own readings.',
  entriesMax: 64,
  bareKey: 'type',
  initial: [{ type: 'kernel' }, { type: 'simulated' }],
  entry: {
    type: choice({
      of: SOURCE_TYPES,
      about:
        'kernel: what /proc and /sys know of this machine. simulated: invented curves, named so. module: a driver of your own (docs/drivers.md). The others: a chip on an I2C bus (docs/sensors.md).',
    }),
    name: text({
      ...NAME,
      about: 'Unique among the sources.',
      initialNote: 'its type',
      example: 'terrarium',
    }),
    intervalMs: duration({
      min: '1s',
      max: '7d',
      about: 'Read it less often than every round.',
      initialNote: 'every round',
      example: '1m',
    }),
    deadlineMs: duration({
      min: '10ms',
      max: '10m',
      about: 'How long it may take.',
      initialNote: '`sampling.deadline`',
      example: '2s',
    }),
    quietHours: ownQuietHours('quiet_hours.sampling', ['22:00-07:00']),
    bus: integer({
      min: 0,
      max: 255,
      about: 'I2C chips only: the number in /dev/i2c-NUMBER.',
      initialNote: '1, the bus on the header of a Raspberry Pi',
      example: 1,
    }),
    address: integer({
      min: 0x08,
      max: 0x77,
      about: 'I2C chips only: its address on the bus.',
      initialNote: 'the usual one of the chip',
      example: '0x77',
    }),
    oversampling: integer({
      min: 1,
      max: 16,
      about: 'bme280, bmp280: how many samples the chip averages: 1, 2, 4, 8 or 16. More is less noise.',
      initialNote: '1',
      example: 4,
    }),
    shuntOhm: fraction({
      ...SHUNT_OHM,
      about: 'ina219: the resistor that the current flows through, in ohm. R100 on it means 0.1.',
      initialNote: '0.1, as most boards have it',
      example: 0.01,
    }),
    rangeVolt: fraction({
      min: 0.256,
      max: 6.144,
      about:
        'ads1115: the largest voltage to measure: 6.144, 4.096, 2.048, 1.024, 0.512 or 0.256. Less is finer.',
      initialNote: '4.096',
      example: 2.048,
    }),
    path: text({
      ...DRIVER_PATH,
      about:
        'module only: the file of the driver. It runs as a part of the reader, so trust it as you trust us.',
      initialNote: 'none; a module must have one',
      example: '/etc/sensor-gateway/drivers/pond.mjs',
    }),
    only: several({
      of: text({ ...SENSOR_PATTERN, about: '' }),
      countMax: 64,
      about: 'kernel only: which of its sensors to read, by their own names (`sensorctl sensors scan`).',
      initialNote: 'all',
      example: ['w1-*', 'hwmon-cpu_thermal'],
    }),
    skip: several({
      of: text({ ...SENSOR_PATTERN, about: '' }),
      countMax: 64,
      about: 'kernel only: which of them to leave out.',
      initialNote: 'none',
      example: ['net-*'],
    }),
    names: table({
      key: NAME,
      of: text({ ...NAME, about: '' }),
      countMax: 256,
      about: 'kernel only: what to call them: its own name of each, and the one for the readings.',
      initialNote: 'their own',
      example: { 'w1-28-0316a2795e8b': 'water-tank' },
    }),
  },
});

type Source = ValueOf<typeof SOURCES>[number];

interface Rounds {
  readonly intervalMs: number;
  readonly deadlineMs: number;
}

/** What must hold between a source, those before it, and the rounds in which it is read. */
export function checkSources(
  { sources, sampling }: { readonly sources: ValueOf<typeof SOURCES>; readonly sampling: Rounds },
  report: ReportProblem,
): void {
  const names = sources.map((source) => source.name ?? source.type);
  for (const [i, source] of sources.entries()) {
    const { intervalMs, deadlineMs } = source;
    if (names.indexOf(names[i] ?? '') < i) {
      report([['sources', i]], `a second source named "${names[i]}". Give it a name of its own (name: ...).`);
    }
    if (intervalMs !== undefined && intervalMs < sampling.intervalMs) {
      report(
        [
          ['sources', i, 'interval'],
          ['sampling', 'interval'],
        ],
        `${durationText(intervalMs)} is less than sampling.interval (${durationText(sampling.intervalMs)}), and rounds are no denser.`,
      );
    }
    const ownIntervalMs = Math.max(intervalMs ?? 0, sampling.intervalMs);
    if (deadlineMs !== undefined && deadlineMs >= ownIntervalMs) {
      report(
        [
          ['sources', i, 'deadline'],
          ['sources', i, 'interval'],
          ['sampling', 'interval'],
        ],
        `${durationText(deadlineMs)} is not less than its interval (${durationText(ownIntervalMs)}).`,
      );
    }
    checkDriver(source, { i, deadlineMs: deadlineMs ?? sampling.deadlineMs }, report);
  }
}

/** What only some types have, and what their drivers ask for. */
function checkDriver(
  source: Source,
  { i, deadlineMs }: { readonly i: number; readonly deadlineMs: number },
  report: ReportProblem,
): void {
  const { type, address, path } = source;
  const driver = CHIP_DRIVERS.find((one) => one.type === type);
  const has = { bus: driver !== undefined || type === 'module', path: type === 'module' };
  for (const [key, allowed] of [
    ['bus', has.bus],
    ['address', has.bus],
    ['path', has.path],
    ['only', type === 'kernel'],
    ['skip', type === 'kernel'],
    ['names', type === 'kernel'],
  ] as const) {
    if (allowed || source[key] === undefined) continue;
    report(
      [
        ['sources', i, key],
        ['sources', i, 'type'],
      ],
      `a source of type ${type} has no ${key}.`,
    );
  }
  checkChipOptions(source, i, report);
  if (has.path && path === undefined) {
    const where = 'path: /etc/sensor-gateway/drivers/NAME.mjs';
    report([['sources', i]], `a source of type module needs the file of its driver (${where}).`);
  }
  const given = Object.values(source.names ?? {});
  for (const [sensor, name] of Object.entries(source.names ?? {})) {
    if (given.indexOf(name) === given.lastIndexOf(name)) continue;
    report([['sources', i, 'names', sensor]], `"${name}" is the name of another sensor, too.`);
  }
  if (driver === undefined) return;
  if (address !== undefined && !driver.addresses.includes(address)) {
    const known = driver.addresses.map(hex).join(', ');
    report([['sources', i, 'address']], `${hex(address)} is no address of a ${type}. Use ${known}.`);
  }
  if (deadlineMs <= driver.measureMaxMs) {
    const own = ['sources', i, 'deadline'];
    report(
      [source.deadlineMs === undefined ? ['sampling', 'deadline'] : own, ['sources', i, 'type']],
      `${durationText(deadlineMs)} is not enough for a ${type}, which takes up to ${driver.measureMaxMs}ms to measure.`,
    );
  }
}

/** Each chip has some of the options, and says what they may be. */
function checkChipOptions(source: Source, i: number, report: ReportProblem): void {
  const { type } = source;
  const rules = CHIP_DRIVERS.find((one) => one.type === type)?.options;
  for (const name of CHIP_OPTIONS) {
    const value = source[name];
    if (value === undefined) continue;
    const rule = rules?.[name];
    const key = keyOf(name, SOURCES.entry.shape[name]);
    const problem = rule === undefined ? `means nothing to a ${type}` : problemWith(rule, value);
    if (problem !== undefined) {
      report(
        [
          ['sources', i, key],
          ['sources', i, 'type'],
        ],
        `${value} ${problem}.`,
      );
    }
  }
}
