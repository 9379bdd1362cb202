import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFakeBme280 } from '../../../../test/support/fake-bme280.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import { createSources, type SourceOptions } from './create-sources.ts';
import type { I2cWire } from './i2c/i2c-bus.ts';

const FIXTURES = join(import.meta.dirname, '../../../../test/fixtures/sysfs/pi4');
const deps = () => ({
  world: createTestWorld(),
  stateDir: FIXTURES,
  procDir: join(FIXTURES, 'proc'),
  sysDir: join(FIXTURES, 'sys'),
});
const KERNEL: SourceOptions = { type: 'kernel', name: 'kernel', deadlineMs: 2_000 };
const SIMULATED: SourceOptions = {
  type: 'simulated',
  name: 'simulated',
  deadlineMs: 500,
  intervalMs: 60_000,
};

test('the default configuration gives the machine and the greenhouse', () => {
  const { all } = createSources([KERNEL, SIMULATED], deps());

  expect(all.map((source) => [source.name, source.intervalMs, source.deadlineMs])).toEqual([
    ['kernel-machine', undefined, 2_000],
    ['kernel-disk', undefined, 2_000],
    ['kernel-thermal', undefined, 2_000],
    ['kernel-hwmon', undefined, 2_000],
    ['kernel-iio', undefined, 2_000],
    ['kernel-w1', undefined, 2_000],
    ['kernel-network', undefined, 2_000],
    ['simulated', 60_000, 500],
  ]);
});

test('chips on one bus share it, a bus is opened by its first exchange, and closed once', async () => {
  const opened: number[] = [];
  let dropped = 0;
  const openWire = (bus: number): I2cWire => {
    opened.push(bus);
    const drop = async () => {
      dropped += 1;
    };
    return { exchange: createFakeBme280().bus.transfer, drop };
  };
  const chip = (name: string, bus?: number): SourceOptions => ({
    type: 'bme280',
    name,
    bus,
    deadlineMs: 500,
  });

  const sources = createSources([chip('a'), chip('b', 1), chip('c', 3)], { ...deps(), openWire });
  sources.close();
  sources.close();

  expect(opened).toEqual([1, 3]);
  expect(sources.buses().map(({ bus, state }) => [bus, state])).toEqual([
    [1, 'free'],
    [3, 'free'],
  ]);
  expect(dropped).toBe(2);
});

test('two sources of one name are an error that says which', () => {
  expect(() => createSources([KERNEL, KERNEL], deps())).toThrow(
    expect.objectContaining({
      code: 'SGW_CONFIG_INVALID',
      message: 'two sources are named "kernel-machine"',
    }),
  );
});
