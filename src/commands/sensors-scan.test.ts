import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import { ChipError } from '../../lib/flow/acquire/sources/i2c/chip.ts';
import type { I2cWire } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import { exchangeWith, type FakeChip, notAcknowledged } from '../../test/support/chips/fake-chip.ts';
import { createFakeSht4x } from '../../test/support/chips/fake-sht.ts';
import { createFakeTmp102 } from '../../test/support/chips/fake-thermometers.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { createFakeBme280 } from '../../test/support/fake-bme280.ts';
import { createScriptedWire } from '../../test/support/scripted-wire.ts';
import { sysfsBoard } from '../../test/support/sysfs-board.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { loadConfig } from '../wiring/config.ts';
import { createSensorsScan, type ScanDeps } from './sensors-scan.ts';

/** A bus with fakes on it, and what was asked of whom. */
function wireWith(chips: readonly FakeChip[]) {
  const asked: { address: number; write: number[]; readLength: number }[] = [];
  const wire: I2cWire = {
    async exchange(address, write, readLength) {
      asked.push({ address, write: [...write], readLength });
      const chip = chips.find((one) => one.address === address);
      if (chip === undefined) throw notAcknowledged();
      return exchangeWith(chip, write, readLength);
    },
    drop: async () => {},
  };
  return { asked, openWire: () => wire };
}

/** A machine with these buses and nothing else. */
function machineWith(adapters: Readonly<Record<string, string>>): string {
  const sysDir = tempDir();
  for (const [bus, name] of Object.entries(adapters)) {
    mkdirSync(join(sysDir, `class/i2c-dev/${bus}`), { recursive: true });
    writeFileSync(join(sysDir, `class/i2c-dev/${bus}/name`), `${name}\n`);
  }
  return sysDir;
}

const HEADER = { 'i2c-1': 'bcm2835 (i2c@7e804000)' };
const now = () => 0;

async function scan(deps: Partial<ScanDeps>, options = {}, configuration?: string) {
  const rig = commandRig();
  if (configuration !== undefined) {
    const file = join(tempDir(), 'config.yaml');
    writeFileSync(file, configuration);
    rig.environment.SENSORGW_CONFIG = file;
  }
  const { openWire } = wireWith([]);
  const command = createSensorsScan({ clock: systemClock, sysDir: machineWith({}), openWire, ...deps });
  return rig.run(command, options);
}

describe('sensorctl sensors scan', () => {
  test('names a chip that says what it is, and those that one could be by its address', async () => {
    const { openWire } = wireWith([createFakeSht4x(now), createFakeTmp102(now), createFakeBme280()]);

    const { exitCode, out } = await scan({ sysDir: machineWith(HEADER), openWire });

    expect(exitCode).toBe(0);
    expect(out[0]).toBe('I2C bus 1 (bcm2835 (i2c@7e804000)), probed');
    expect(out.find((line) => line.includes('0x44'))).toMatch(/^ {2}0x44 {2}Sensirion .* \(sht4x\)$/);
    expect(out.find((line) => line.includes('0x48'))).toMatch(/answers; by its address .*\(tmp102\)/);
    expect(out.find((line) => line.includes('0x76'))).toMatch(/\(bme280\)$/);
  });

  test('prints a block that is a correct configuration, also with every "#" taken away where there is a choice', async () => {
    const { openWire } = wireWith([createFakeSht4x(now), createFakeTmp102(now)]);
    const { sysDir } = sysfsBoard('pi4-sensors', (listing) =>
      listing.replaceAll(/bus\/i2c\/devices/g, 'bus/i2c/other'),
    );

    const { out } = await scan({ sysDir, openWire });
    const block = out.slice(out.indexOf('') + 1);
    const read = (lines: readonly string[]) => {
      const file = join(tempDir(), 'config.yaml');
      writeFileSync(file, lines.join('\n'));
      return loadConfig({ file, environment: {}, hostName: 'pi' }).config.sources;
    };

    expect(read(block)).toMatchObject([
      { type: 'kernel', name: 'kernel' },
      { type: 'sht4x', name: 'sht4x-44', bus: 1, address: 0x44 },
    ]);
    const named = block.map((line) => (/^# \S/.test(line) ? line : line.replace(/^#/, '')));
    const [kernel, ...chips] = read(named.map((line, i) => line.replace('a-name-of-yours', `name-${i}`)));
    expect(Object.keys(kernel?.names ?? {})).toContain('w1-28-0316a2795e8b');
    expect(chips).toHaveLength(2);
  });

  test('goes under the sources that there are, and gives no name twice', async () => {
    const { openWire } = wireWith([createFakeSht4x(now)]);
    const sources = 'sources:\n  - type: simulated\n    name: sht4x-44\n';

    const { out } = await scan({ sysDir: machineWith(HEADER), openWire }, {}, sources);

    expect(out.join('\n')).toContain('Add these entries to "sources:"');
    expect(out.join('\n')).not.toMatch(/^sources:/m);
    expect(out.find((line) => line.includes('    name:'))).toContain('sht4x-44-2');
  });

  test('shows what the kernel drives with its values, and never asks at an address that the kernel owns', async () => {
    const { openWire, asked } = wireWith([]);

    const { out } = await scan({ sysDir: sysfsBoard('pi4-sensors').sysDir, openWire });

    expect(out).toContain('  0x76  bme280, read by a driver of the kernel: see below');
    expect(out).toContain('  iio-bme280-1-0076                 temperature 21.56 celsius');
    expect(out.find((line) => line.includes('w1-28-0416b1f2c3ff'))).toContain('loses power');
    const owned = [0x23, 0x40, 0x41, 0x44, 0x48, 0x62, 0x76];
    expect(asked.filter(({ address }) => owned.includes(address))).toEqual([]);
    expect(asked.map(({ address }) => address)).toContain(0x50);
  });

  test('asks without a byte of data, and with a read where a write could lock an EEPROM', async () => {
    const { openWire, asked } = wireWith([]);

    await scan({ sysDir: machineWith(HEADER), openWire });

    expect(asked.map(({ address }) => address)).toEqual(Array.from({ length: 112 }, (_, i) => i + 0x08));
    expect(asked.every(({ write }) => write.length === 0)).toBe(true);
    const reads = asked.filter(({ readLength }) => readLength > 0).map(({ address }) => address);
    expect(reads).toEqual([
      ...Array.from({ length: 8 }, (_, i) => 0x30 + i),
      ...Array.from({ length: 16 }, (_, i) => 0x50 + i),
    ]);
  });

  test('asks a chip that a source is configured for nothing but whether it is there', async () => {
    const { openWire, asked } = wireWith([createFakeSht4x(now)]);
    const sources = 'sources:\n  - type: sht4x\n    name: attic\n';

    const { out } = await scan({ sysDir: machineWith(HEADER), openWire }, {}, sources);

    expect(out).toContain('  0x44  configured as source attic');
    expect(asked.filter(({ address }) => address === 0x44)).toEqual([
      { address: 0x44, write: [], readLength: 0 },
    ]);
  });

  test('leaves the buses of displays and mainboards alone, unless one is named', async () => {
    const { openWire, asked } = wireWith([]);
    const sysDir = machineWith({ 'i2c-0': 'SMBus I801 adapter at f000', 'i2c-20': 'fef04500.i2c' });

    const all = await scan({ sysDir, openWire });
    const askedOfAll = asked.length;
    const one = await scan({ sysDir, openWire }, { bus: '20' });

    expect(askedOfAll).toBe(0);
    expect(all.out[0]).toMatch(/^I2C bus 0 \(SMBus I801 adapter at f000\), left alone: .*--bus 0/);
    expect(all.notes.join(' ')).toContain('only those of displays');
    expect(one.out[0]).toBe('I2C bus 20 (fef04500.i2c), probed');
  });

  test('one bus that may not be opened, or that hangs, is told with what to do, and costs the others nothing', async () => {
    const good = wireWith([createFakeSht4x(now)]);
    const denied = createScriptedWire(
      () => new ChipError('unusable', 'EACCES: add the user to the group i2c', { code: 'EACCES' }),
    );
    const hung = createScriptedWire((address) => (address === 0x20 ? 'hangs' : notAcknowledged()));
    const sysDir = machineWith({ 'i2c-1': 'a', 'i2c-3': 'b', 'i2c-4': 'c' });
    // Two seconds in no time, so that the exchange that hangs is given up.
    const clock = {
      ...systemClock,
      sleep: async () => new Promise<void>((resolve) => setImmediate(resolve)),
    };
    const openWire = (bus: number) => (bus === 1 ? denied : bus === 3 ? hung : good.openWire());

    const { out } = await scan({ sysDir, openWire, clock });
    hung.letGo();

    expect(out[0]).toBe('I2C bus 1 (a), failed: EACCES: add the user to the group i2c');
    expect(denied.asked).toEqual([0x08]);
    expect(out[1]).toMatch(/^I2C bus 3 \(b\), failed: bus 3 hangs: the exchange with 0x20/);
    expect(out[2]).toBe('I2C bus 4 (c), probed');
    expect(out[3]).toContain('sht4x');
  });

  test.each([
    ['no bus at all', {}, [], 'There is no I2C bus. On a Raspberry Pi: sudo raspi-config'],
    [
      'adapters without device files',
      {},
      ['i2c-1'],
      'The kernel has i2c-1 but no device files for them: sudo modprobe i2c-dev',
    ],
    [
      'nobody on the bus',
      HEADER,
      ['i2c-1'],
      'Nobody answers on bus 1: check 3.3 V, ground, SDA (pin 3) and SCL (pin 5)',
    ],
  ])('with %s says what to do', async (_what, buses, adapters, hint) => {
    const sysDir = machineWith(buses);
    for (const adapter of adapters) mkdirSync(join(sysDir, 'bus/i2c/devices', adapter), { recursive: true });

    const { exitCode, notes } = await scan({ sysDir });

    expect(exitCode).toBe(0);
    expect(notes.join('\n')).toContain(hint);
  });

  test.each([
    [['w1_bus_master1', '00-400000000000'], 'the data wire floats. Connect 4.7 kOhm'],
    [[], 'There is no 1-Wire bus. For a DS18B20 on a Raspberry Pi: dtoverlay=w1-gpio'],
    [
      ['w1_bus_master1', '28-0316a2795e8b'],
      'The thermometer 28-0316a2795e8b has no driver: sudo modprobe w1-therm',
    ],
    [['w1_bus_master1'], '1-Wire is on and finds nothing: is the data wire at GPIO 4 (pin 7)'],
  ])('of a 1-Wire bus with %j says what is wrong with its wires', async (entries, hint) => {
    const sysDir = machineWith({});
    for (const entry of entries) mkdirSync(join(sysDir, 'bus/w1/devices', entry), { recursive: true });

    expect((await scan({ sysDir })).notes.join('\n')).toContain(hint);
  });

  test('tells programs the same as JSON', async () => {
    const { openWire } = wireWith([createFakeSht4x(now), createFakeTmp102(now)]);

    const { out, notes } = await scan({ sysDir: machineWith(HEADER), openWire }, { json: true });

    expect(notes).toEqual([]);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      buses: [
        {
          bus: 1,
          state: 'probed',
          found: [
            { address: '0x44', types: ['sht4x'], sure: true, kernel_device: null },
            { address: '0x48', types: expect.arrayContaining(['tmp102', 'lm75', 'ads1115']), sure: false },
          ],
        },
      ],
      configuration: expect.stringContaining('type: sht4x'),
    });
  });

  test.each(['x', '-1', '1e3'])('refuses --bus %s', async (bus) => {
    await expect(scan({}, { bus })).rejects.toMatchObject({ code: 'SGW_USAGE' });
  });

  test('says when the bus that was named is not there', async () => {
    const { out, notes } = await scan({ sysDir: machineWith(HEADER) }, { bus: '7' });

    expect(out).toEqual(['No sensors found.']);
    expect(notes[0]).toBe('There is no bus 7. Those that there are: ls /dev/i2c-*');
  });
});
