import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  cpSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../../../../test/support/temp-dir.ts';
import { systemClock } from '../../../../base/clock.ts';
import type { SensorSource } from '../../sensor-source.ts';
import { createKernelSources } from './kernel-sources.ts';

const FIXTURES = join(import.meta.dirname, '../../../../../test/fixtures/sysfs');

function sourcesOn(board: string): readonly SensorSource[] {
  return createKernelSources({
    clock: systemClock,
    stateDir: board,
    procDir: join(board, 'proc'),
    sysDir: join(board, 'sys'),
  });
}

/** Every measurement of a kind of source as `sensor metric: value unit`. */
async function read(sources: readonly SensorSource[], name: string): Promise<string[]> {
  const source = sources.find((one) => one.name === name);
  if (source === undefined) throw new Error(`no source ${name}`);
  const measurements = await source.read(new AbortController().signal);
  return measurements.map((one) => `${one.sensor} ${one.metric}: ${one.value} ${one.unit}`);
}

/** A copy of a fixture that a test may damage. */
function copyOf(board: string): string {
  const dir = join(tempDir(), board);
  cpSync(join(FIXTURES, board), dir, { recursive: true, verbatimSymlinks: true });
  return dir;
}

describe('on a Raspberry Pi 4', () => {
  const sources = sourcesOn(join(FIXTURES, 'pi4'));

  test('the machine has load, memory and uptime', async () => {
    expect(await read(sources, 'kernel-machine')).toEqual([
      'cpu load1: 0.52 count',
      'cpu load5: 0.58 count',
      'cpu load15: 0.59 count',
      'memory total: 3978559488 byte',
      'memory available: 3390222336 byte',
      'memory used: 14.79 percent',
      'system uptime: 350735.47 second',
    ]);
  });

  test('the processor has a temperature, as a thermal zone and as a chip', async () => {
    expect(await read(sources, 'kernel-thermal')).toEqual(['thermal-cpu temperature: 48.686 celsius']);
    expect(await read(sources, 'kernel-hwmon')).toEqual([
      'hwmon-cpu_thermal temperature: 48.686 celsius',
      'hwmon-rpi_volt undervoltage: 0 bit',
    ]);
  });

  test('both interfaces have counters and the loopback has none', async () => {
    const counters = await read(sources, 'kernel-network');

    expect(counters.slice(0, 6)).toEqual([
      'net-eth0 rx: 2873645112 byte',
      'net-eth0 tx: 193847221 byte',
      'net-eth0 rx_errors: 0 count',
      'net-eth0 tx_errors: 0 count',
      'net-eth0 rx_dropped: 14 count',
      'net-eth0 tx_dropped: 0 count',
    ]);
    expect(counters).toHaveLength(12);
  });

  test('the disk is that of the state directory', async () => {
    const space = await read(sources, 'kernel-disk');

    expect(space.map((line) => line.replace(/[\d.]+ /, ''))).toEqual([
      'disk total: byte',
      'disk free: byte',
      'disk used: percent',
    ]);
  });
});

describe('on a PC', () => {
  const sources = sourcesOn(join(FIXTURES, 'pc'));

  test('zones of one type are told apart, and a zone without a value has none', async () => {
    expect(await read(sources, 'kernel-thermal')).toEqual([
      'thermal-acpitz temperature: 27.8 celsius',
      'thermal-acpitz-2 temperature: 29.8 celsius',
      'thermal-x86_pkg_temp temperature: 51 celsius',
    ]);
  });

  test('chips are named by driver, label or channel, twins by address, and a broken probe is left out', async () => {
    expect(await read(sources, 'kernel-hwmon')).toEqual([
      'hwmon-coretemp-package-id-0 temperature: 51 celsius',
      'hwmon-coretemp-core-0 temperature: 49 celsius',
      'hwmon-coretemp-core-8 temperature: 50 celsius',
      'hwmon-nvme0-composite temperature: 38.85 celsius',
      'hwmon-nvme1-composite temperature: 41.85 celsius',
      'hwmon-nct6798-fan1 speed: 0 rpm',
      'hwmon-nct6798-fan2 speed: 1245 rpm',
      'hwmon-nct6798-in0 voltage: 1.072 volt',
      'hwmon-nct6798-in1 voltage: 1.016 volt',
      'hwmon-nct6798-systin temperature: 34 celsius',
      'hwmon-ina226-1-0040 current: 1.53 ampere',
      'hwmon-ina226-1-0040-in0 voltage: 0.002 volt',
      'hwmon-ina226-1-0040-in1 voltage: 12.045 volt',
      'hwmon-ina226-1-0040 power: 18.425 watt',
    ]);
  });

  test('a VLAN is named legally and a container’s interface, named anew at each start, is left out', async () => {
    const counters = await read(sources, 'kernel-network');

    expect([...new Set(counters.map((line) => line.split(' ')[0]))]).toEqual([
      'net-docker0',
      'net-enp3s0',
      'net-wlp4s0-10',
    ]);
  });

  test('chips that the kernel numbers in another order after a boot keep their names', async () => {
    const board = copyOf('pc');
    const before = await read(sourcesOn(board), 'kernel-hwmon');
    const hwmon = join(board, 'sys/class/hwmon');
    for (const [from, to] of [
      ['hwmon1', 'hwmon9'],
      ['hwmon2', 'hwmon1'],
      ['hwmon9', 'hwmon2'],
    ] as const) {
      cpSync(join(hwmon, from), join(hwmon, to), { recursive: true, verbatimSymlinks: true });
      rmSync(join(hwmon, from), { recursive: true });
    }

    const after = await read(sourcesOn(board), 'kernel-hwmon');

    expect([...after].sort()).toEqual([...before].sort());
  });
});

test('on an empty machine nothing is measured and nothing is an error', async () => {
  const board = join(FIXTURES, 'empty');
  const sources = createKernelSources({
    clock: systemClock,
    stateDir: join(board, 'not-there'),
    procDir: join(board, 'proc'),
    sysDir: join(board, 'sys'),
  });

  for (const source of sources) expect(await read(sources, source.name)).toEqual([]);
});

describe('a file that is not what it should be', () => {
  test.each([
    ['empty', ''],
    ['text', 'n/a\n'],
    ['binary', '\u0000\u0001\u0002'],
    ['a number with a tail', '48686 mC\n'],
    ['100 KiB', '1'.repeat(100_000)],
    ['not a whole number', '48.6\n'],
  ])('(%s) gives no measurement and hides no other', async (_what, text) => {
    const board = copyOf('pc');
    writeFileSync(join(board, 'sys/class/thermal/thermal_zone0/temp'), text);

    expect(await read(sourcesOn(board), 'kernel-thermal')).toEqual([
      'thermal-acpitz-2 temperature: 29.8 celsius',
      'thermal-x86_pkg_temp temperature: 51 celsius',
    ]);
  });

  test('(a directory) gives no measurement', async () => {
    const board = copyOf('pi4');
    rmSync(join(board, 'proc/loadavg'));
    mkdirSync(join(board, 'proc/loadavg'));

    expect(await read(sourcesOn(board), 'kernel-machine')).toHaveLength(4);
  });

  test('(one whose driver fails) gives no measurement', async () => {
    const board = copyOf('pi4');
    rmSync(join(board, 'proc/loadavg'));
    // A regular file to stat, but there is no page at address 0: the kernel answers EIO, even to root.
    symlinkSync('/proc/self/mem', join(board, 'proc/loadavg'));

    expect(await read(sourcesOn(board), 'kernel-machine')).toHaveLength(4);
  });

  test('(a FIFO that nobody writes to) is not waited for', async () => {
    const board = copyOf('pi4');
    rmSync(join(board, 'proc/loadavg'));
    execFileSync('mkfifo', [join(board, 'proc/loadavg')]);

    // Eight reads: were each to hold a thread of libuv's four, the later ones would never come back.
    const reads = await Promise.all(
      Array.from({ length: 8 }, () => read(sourcesOn(board), 'kernel-machine')),
    );

    expect(reads.every((lines) => lines.length === 4)).toBe(true);
  });

  test('(a FIFO) would be waited for without O_NONBLOCK', async () => {
    const fifo = join(tempDir(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    let opened = false;

    const waiting = open(fifo, constants.O_RDONLY).then(async (handle) => {
      opened = true;
      await handle.close();
    });
    await (await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK)).close();
    const openedWithoutWriter = opened;
    closeSync(openSync(fifo, 'r+'));
    await waiting;

    expect(openedWithoutWriter).toBe(false);
    expect(opened).toBe(true);
  });

  test('(a FIFO whose writer is silent) is not waited for', async () => {
    const board = copyOf('pi4');
    const fifo = join(board, 'sys/class/thermal/thermal_zone0/temp');
    rmSync(fifo);
    execFileSync('mkfifo', [fifo]);
    // Opened for both directions, so that opening it does not wait for a reader.
    const writer = openSync(fifo, 'r+');
    onTestFinished(() => closeSync(writer));

    expect(await read(sourcesOn(board), 'kernel-thermal')).toEqual([]);
  });
});
