import { describe, expect, test } from 'vitest';
import { createFakeBme280, type FakeBme280 } from '../../../../../test/support/fake-bme280.ts';
import { createTestWorld } from '../../../../../test/support/test-world.ts';
import type { Measurement, SensorSource } from '../../sensor-source.ts';
import { conversionMaxMs, createBme280Source } from './bme280.ts';

function rig(chip: FakeBme280 = createFakeBme280(), address = 0x76) {
  const { clock } = createTestWorld();
  const source = createBme280Source({ name: 'terrarium', bus: chip.bus, clock, address });
  return { chip, clock, source, read: () => readOn(clock, source) };
}

async function readOn(
  clock: ReturnType<typeof createTestWorld>['clock'],
  source: SensorSource,
): Promise<readonly Measurement[]> {
  const reading = source.read(new AbortController().signal);
  reading.catch(() => {}); // Looked at below, after time has passed.
  await clock.advance(200);
  return reading;
}

describe('a BME280', () => {
  test('gives temperature, pressure and humidity of one measurement', async () => {
    const { read } = rig();

    expect(await read()).toEqual([
      { sensor: 'terrarium', metric: 'temperature', unit: 'celsius', value: 25.08 },
      { sensor: 'terrarium', metric: 'pressure', unit: 'pascal', value: 100_653.25390625 },
      { sensor: 'terrarium', metric: 'humidity', unit: 'percent', value: expect.closeTo(50.94, 2) },
    ]);
  });

  test('is set up for humidity before the measurement is started, as the data sheet asks', async () => {
    const { chip, read } = rig();

    await read();

    expect(chip.writes).toEqual([
      [0xf5, 0x20],
      [0xf2, 0b001],
      [0xf4, 0b001_001_01],
    ]);
  });

  test('converts while we sleep on the clock, for as long as the data sheet says', async () => {
    const { chip, clock, source } = rig();

    const reading = source.read(new AbortController().signal);
    await clock.advance(9);
    const asleep = clock.sleepers();
    const before = chip.transfers;
    await clock.advance(1);
    await reading;

    expect(asleep).toEqual(['terrarium conversion@10']);
    expect(chip.transfers).toBeGreaterThan(before);
  });

  test('is asked for its calibration once, and again after a power loss', async () => {
    const { chip, read } = rig();
    await read();
    const first = chip.transfers;
    await read();
    const second = chip.transfers - first;
    chip.losePower();

    const measurements = await read();

    expect(second).toBeLessThan(first);
    expect(chip.transfers - first - second).toBe(first + 1);
    expect(measurements[0]?.value).toBe(25.08);
  });

  test('is calibrated anew after a failure: it may have been exchanged', async () => {
    const { chip, read } = rig();
    await read();
    chip.fault = Object.assign(new Error('EREMOTEIO: no chip answers'), { code: 'EREMOTEIO' });
    await expect(read()).rejects.toThrow(/EREMOTEIO/);
    chip.registers.set([0, 0], 0x8c); // Another dig_T3, as another chip has.

    const measurements = await read();

    expect(measurements[0]?.value).not.toBe(25.08);
  });

  test('that takes longer than it should is waited for a little, and then given up', async () => {
    const { chip, read } = rig();
    chip.busyLooks = 3;
    expect(await read()).toHaveLength(3);
    chip.busyLooks = 99;

    await expect(read()).rejects.toThrow(/does not finish its conversion/);
  });

  test.each([
    ['pressure', 0xf7],
    ['temperature', 0xfa],
    ['humidity', 0xfd],
  ])('that gives the reset value for %s has not measured', async (_what, register) => {
    const { chip, read } = rig();
    const { transfer } = chip.bus;
    chip.bus.transfer = (address, write, length) => {
      if (write[0] === 0xf7) chip.registers.set([0x80, 0, ...(register === 0xfd ? [] : [0])], register);
      return transfer(address, write, length);
    };

    await expect(read()).rejects.toThrow(/reset values/);
  });

  test('on a floating bus, which reads as all ones, gives no reading', async () => {
    const { chip, read } = rig();
    await read();
    const { transfer } = chip.bus;
    chip.bus.transfer = async (address, write, length) =>
      write[0] === 0xf7 ? new Uint8Array(length).fill(0xff) : transfer(address, write, length);

    await expect(read()).rejects.toThrow(/outside of what the chip can measure/);
  });

  test('stops at the abort and does not read the data', async () => {
    const { chip, clock, source } = rig();
    const abort = new AbortController();
    const reading = source.read(abort.signal);
    reading.catch(() => {});
    await clock.advance(5);
    const before = chip.transfers;

    abort.abort();

    await expect(reading).rejects.toThrow(/abort/i);
    expect(chip.transfers).toBe(before);
  });
});

test('a BMP280 is recognised by its id and has no humidity', async () => {
  const { chip, read } = rig(createFakeBme280({ id: 0x58 }));

  const measurements = await read();

  expect(measurements.map((one) => one.metric)).toEqual(['temperature', 'pressure']);
  expect(chip.writes.map(([register]) => register)).not.toContain(0xf2);
});

test('another chip at the address is named by its id, and nothing is written to it', async () => {
  const { chip, read } = rig(createFakeBme280({ id: 0x61 }));

  await expect(read()).rejects.toThrow(/0x76 has id 0x61; a BME280 has 0x60/);
  expect(chip.writes).toEqual([]);
});

test.each([
  [1, true, 10],
  [16, true, 113],
  [1, false, 7],
  [16, false, 76],
] as const)(
  'a conversion with %dx oversampling (humidity: %s) takes at most %d ms',
  (times, humidity, ms) => {
    expect(conversionMaxMs(times, humidity)).toBe(ms);
  },
);
