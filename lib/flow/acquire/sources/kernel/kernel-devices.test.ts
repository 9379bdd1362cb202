/** The kernel's chips on whole boards: names, values, units, and what becomes of them when things change. */

import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renumbered, type SysfsBoard, sysfsBoard } from '../../../../../test/support/sysfs-board.ts';
import { systemClock } from '../../../../base/clock.ts';
import { createKernelSources, type KernelSourcesOptions } from './kernel-sources.ts';

function sourcesOn(board: SysfsBoard, options: Partial<KernelSourcesOptions> = {}) {
  return createKernelSources({ clock: systemClock, stateDir: board.dir, ...board, ...options });
}

/** Every measurement of a kind of source as `sensor metric: value unit`. */
async function read(sources: ReturnType<typeof sourcesOn>, name: string): Promise<string[]> {
  const source = sources.find((one) => one.name === `kernel-${name}`);
  if (source === undefined) throw new Error(`no source ${name}`);
  const measurements = await source.read(new AbortController().signal);
  return measurements.map((one) => `${one.sensor} ${one.metric}: ${one.value} ${one.unit}`);
}

async function readAll(sources: ReturnType<typeof sourcesOn>): Promise<string[]> {
  const kinds = ['hwmon', 'iio', 'w1', 'thermal'];
  return (await Promise.all(kinds.map((kind) => read(sources, kind)))).flat();
}

describe('a Raspberry Pi 5', () => {
  test('has its processor, analogue inputs, drive, fan and supply', async () => {
    const sources = sourcesOn(sysfsBoard('pi5'));

    expect(await read(sources, 'hwmon')).toEqual([
      'hwmon-cpu_thermal temperature: 51.25 celsius',
      'hwmon-rp1_adc-in1 voltage: 1.487 volt',
      'hwmon-rp1_adc-in2 voltage: 1.49 volt',
      'hwmon-rp1_adc-in3 voltage: 1.477 volt',
      'hwmon-rp1_adc-in4 voltage: 1.484 volt',
      'hwmon-rp1_adc temperature: 47.323 celsius',
      'hwmon-nvme-composite temperature: 37.85 celsius',
      'hwmon-pwmfan speed: 2874 rpm',
      'hwmon-rpi_volt undervoltage: 0 bit',
    ]);
    expect(await read(sources, 'iio')).toEqual([]);
    expect(await read(sources, 'w1')).toEqual([]);
  });
});

describe('a Raspberry Pi 4 with sensors on its header', () => {
  const IIO = [
    'iio-bme280-1-0076 humidity: 45.312 percent',
    'iio-bme280-1-0076 pressure: 100653.269531 pascal',
    'iio-bme280-1-0076 temperature: 21.56 celsius',
    'iio-bh1750-1-0023 illuminance: 359.166523 lux',
    'iio-ads1015-1-0048-voltage0-voltage1 voltage: 1.50125 volt',
    'iio-ads1015-1-0048-voltage0 voltage: 1.500375 volt',
    'iio-ads1015-1-0048-battery voltage: -0.000875 volt',
    'iio-scd4x-1-0062 co2: 612 ppm',
    'iio-scd4x-1-0062 humidity: 38.147554725 percent',
    'iio-scd4x-1-0062 temperature: 24.9996185158 celsius',
  ];

  test('has the chips with an IIO driver, named by driver and address', async () => {
    expect((await read(sourcesOn(sysfsBoard('pi4-sensors')), 'iio')).sort()).toEqual([...IIO].sort());
  });

  test('has the chips with a hwmon driver, and those on a bus have their address in their names', async () => {
    expect(await read(sourcesOn(sysfsBoard('pi4-sensors')), 'hwmon')).toEqual([
      'hwmon-cpu_thermal temperature: 48.686 celsius',
      'hwmon-rpi_volt undervoltage: 1 bit',
      'hwmon-sht4x-1-0044 humidity: 44.12 percent',
      'hwmon-sht4x-1-0044 temperature: 22.48 celsius',
      'hwmon-ina219-1-0040 current: 0.212 ampere',
      'hwmon-ina219-1-0040-in0 voltage: 0.002 volt',
      'hwmon-ina219-1-0040-in1 voltage: 12.048 volt',
      'hwmon-ina219-1-0040 power: 2.54 watt',
      'hwmon-ina219-1-0041 current: 0 ampere',
      'hwmon-ina219-1-0041-in0 voltage: 0 volt',
      'hwmon-ina219-1-0041-in1 voltage: 5.096 volt',
      'hwmon-ina219-1-0041 power: 0 watt',
    ]);
  });

  test('has thermometers on a wire, of which the dead and the powerless cost the others nothing', async () => {
    expect(await read(sourcesOn(sysfsBoard('pi4-sensors')), 'w1')).toEqual([
      'w1-28-3c01d607e20a temperature: -10.125 celsius',
      'w1-28-0316a2795e8b temperature: 21.562 celsius',
    ]);
  });

  test('says of the others what is wrong with them, under the names that they were given', async () => {
    const sources = sourcesOn(sysfsBoard('pi4-sensors'), { names: { 'w1-28-0416b1f2c3ff': 'pond' } });
    await read(sources, 'w1');

    expect(sources.find(({ name }) => name === 'kernel-w1')?.troubles?.()).toEqual({
      pond: expect.stringContaining('loses power'),
      'w1-28-0000055e8b11': expect.stringContaining('does not answer'),
    });
  });

  test('keeps all names when the kernel numbers everything in another order', async () => {
    const before = await readAll(sourcesOn(sysfsBoard('pi4-sensors')));
    const after = await readAll(sourcesOn(sysfsBoard('pi4-sensors', renumbered)));

    expect(after).not.toEqual(before);
    expect(after.sort()).toEqual(before.sort());
  });

  test('keeps the name of a chip whose twin is unplugged while it runs, and has the twin back by its name', async () => {
    const board = sysfsBoard('pi4-sensors');
    const sources = sourcesOn(board);
    const twin = join(board.sysDir, 'class/hwmon/hwmon3');
    const currents = async () => (await read(sources, 'hwmon')).filter((line) => line.includes('current'));

    const before = await currents();
    rmSync(twin);
    const without = await currents();
    symlinkSync('../../devices/platform/soc/fe804000.i2c/i2c-1/1-0040/hwmon/hwmon3', join(twin, '../hwmon8'));
    const again = await currents();

    expect(without).toEqual(['hwmon-ina219-1-0041 current: 0 ampere']);
    expect(again.sort()).toEqual(before.sort());
  });

  test('a source whose thermometers are all dead fails, and says what to look at', async () => {
    const dead = sysfsBoard('pi4-sensors', (listing) => listing.replace(/ w1_slave = .*/g, ' w1_slave = ""'));

    await expect(read(sourcesOn(dead), 'w1')).rejects.toThrow(
      /^w1-28-3c01d607e20a does not answer: .*pull-up.* \(and 3 more on 1-Wire\)$/,
    );
  });

  test('a chip whose buffer is in use, or whose driver fails, costs only itself', async () => {
    const board = sysfsBoard('pi4-sensors');
    const file = join(board.sysDir, 'bus/iio/devices/iio:device1/in_illuminance_raw');
    rmSync(file);
    // A regular file to stat, but there is no page at address 0: the kernel answers EIO.
    symlinkSync('/proc/self/mem', file);

    const sources = sourcesOn(board);
    expect(await read(sources, 'iio')).toHaveLength(IIO.length - 1);
    expect(sources.find(({ name }) => name === 'kernel-iio')?.troubles?.()).toEqual({
      'iio-bh1750-1-0023': expect.stringContaining('check its wires'),
    });
  });

  test('all thermometers of a bus convert at once where that is allowed', async () => {
    const board = sysfsBoard('pi4-sensors');
    const trigger = join(board.sysDir, 'devices/w1_bus_master1/therm_bulk_read');
    writeFileSync(trigger, '');

    await read(sourcesOn(board), 'w1');

    expect(readFileSync(trigger, 'utf8')).toBe('trigger\n');
  });
});

describe('the settings of the kernel source', () => {
  test('choose sensors, name them, and leave out kinds of which nothing is wanted', async () => {
    const sources = sourcesOn(sysfsBoard('pi4-sensors'), {
      only: ['w1-*', 'iio-bme280-*'],
      skip: ['w1-28-3c01*'],
      names: { 'w1-28-0316a2795e8b': 'water-tank', 'iio-bme280-1-0076': 'attic' },
    });

    expect(sources.map(({ name }) => name)).toEqual(['kernel-iio', 'kernel-w1']);
    expect(await read(sources, 'w1')).toEqual(['water-tank temperature: 21.562 celsius']);
    expect((await read(sources, 'iio')).map((line) => line.split(' ')[0])).toEqual([
      'attic',
      'attic',
      'attic',
    ]);
  });

  test('name a sensor that somebody then misses', async () => {
    const sources = sourcesOn(sysfsBoard('pi4-sensors'), {
      names: {
        'w1-28-0316a2795e8b': 'water-tank',
        'w1-28-ffffffffffff': 'pond',
        'iio-bme280-1-0077': 'attic',
      },
    });
    const troublesOf = async (kind: string) => {
      await read(sources, kind);
      return sources.find(({ name }) => name === `kernel-${kind}`)?.troubles?.();
    };

    expect(await troublesOf('w1')).toMatchObject({ pond: expect.stringContaining('w1-28-ffffffffffff') });
    expect(await troublesOf('w1')).not.toHaveProperty('water-tank');
    expect(await troublesOf('iio')).toEqual({
      attic: expect.stringContaining('no value of iio-bme280-1-0077'),
    });
  });

  test('a device that is skipped is not even asked', async () => {
    const board = sysfsBoard('pi4-sensors');
    const trigger = join(board.sysDir, 'devices/w1_bus_master1/therm_bulk_read');
    writeFileSync(trigger, '');

    const sources = sourcesOn(board, { only: ['w1-28-0316a2795e8b'] });
    await read(sources, 'w1');

    expect(readFileSync(trigger, 'utf8')).toBe('');
  });
});
