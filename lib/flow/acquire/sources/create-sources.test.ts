import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFakeBme280 } from '../../../../test/support/fake-bme280.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import { createSources, type SourceOptions } from './create-sources.ts';

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
    ['kernel-network', undefined, 2_000],
    ['simulated', 60_000, 500],
  ]);
});

test('two chips on one bus share it, and closing twice closes each bus once', async () => {
  const opened: number[] = [];
  let closed = 0;
  const openBus = (bus: number) => {
    opened.push(bus);
    const close = () => {
      closed += 1;
    };
    return { ...createFakeBme280().bus, close };
  };
  const chip = (name: string, bus?: number): SourceOptions => ({
    type: 'bme280',
    name,
    bus,
    deadlineMs: 500,
  });

  const sources = createSources([chip('a'), chip('b', 1), chip('c', 3)], { ...deps(), openBus });
  sources.close();
  sources.close();

  expect(opened).toEqual([1, 3]);
  expect(closed).toBe(2);
});

test('two sources of one name are an error that says which', () => {
  expect(() => createSources([KERNEL, KERNEL], deps())).toThrow(
    expect.objectContaining({
      code: 'SGW_CONFIG_INVALID',
      message: 'two sources are named "kernel-machine"',
    }),
  );
});
