import { describe, expect, test } from 'vitest';
import { createChipRig } from '../../../../../../test/support/chips/chip-rig.ts';
import { createFakeBme280 } from '../../../../../../test/support/fake-bme280.ts';
import { BME280, BMP280, conversionMaxMs } from './bme280.ts';

const rig = (options = {}) => createChipRig(BME280, () => createFakeBme280(), options);

describe('a BME280', () => {
  test('is set up for humidity before the measurement is started, as the data sheet asks', async () => {
    const { fake, read } = rig();

    await read();

    expect(fake.writes).toEqual([
      [0xf5, 0x20],
      [0xf2, 0b001],
      [0xf4, 0b001_001_01],
    ]);
  });

  test('averages as many samples as it is told, and is given the time for it', async () => {
    const { fake, clock, begin, measure } = rig({ oversampling: 16 });
    await begin();
    const startMono = clock.monotonicMs();

    await measure();

    expect(fake.writes).toContainEqual([0xf4, 0b101_101_01]);
    expect(clock.monotonicMs() - startMono).toBe(113);
  });

  test('is asked for its calibration once, and anew when it is begun again: it may have been exchanged', async () => {
    const { fake, begin, measure } = rig();
    await begin();
    const first = await measure();
    fake.registers.set([0, 0], 0x8c); // Another dig_T3, as another chip has.

    const before = await measure();
    await begin();
    const after = await measure();

    expect(before).toEqual(first);
    expect(after.temperature).not.toBe(first.temperature);
  });

  test('that has lost its power is known by the mark that it has lost', async () => {
    const { fake, begin, measure } = rig();
    await begin();
    fake.losePower();

    await expect(measure()).rejects.toMatchObject({ fault: 'power_lost' });
  });

  test('that was never begun is treated like one that has lost its power', async () => {
    await expect(rig().measure()).rejects.toMatchObject({ fault: 'power_lost' });
  });

  test('that takes longer than it should is waited for a little, and then given up', async () => {
    const { fake, read } = rig();
    fake.busyLooks = 3;
    expect(await read()).toHaveProperty('temperature', 25.08);
    fake.busyLooks = 99;

    await expect(read()).rejects.toMatchObject({
      fault: 'not_ready',
      message: 'the chip at 0x76 does not finish its conversion',
    });
  });

  test.each([
    ['pressure', 0xf7, [0x80, 0, 0]],
    ['temperature', 0xfa, [0x80, 0, 0]],
    ['humidity', 0xfd, [0x80, 0]],
  ])('that gives the reset value for %s has not measured', async (_what, register, value) => {
    const one = rig();
    one.tamper = (answer, write) => {
      if (write[0] === 0xf7) answer.set(value, register - 0xf7);
      return answer;
    };

    await expect(one.read()).rejects.toMatchObject({ fault: 'power_lost' });
  });

  test('is told from a BMP280 by its id, nothing is written to it, and the error says what to do', async () => {
    const { fake, begin } = createChipRig(BME280, () => createFakeBme280({ id: 0x58 }));

    await expect(begin()).rejects.toMatchObject({
      fault: 'wrong_chip',
      message:
        'the chip at 0x76 is not a BME280: by its id, 0x58, it is a BMP280; write `type: bmp280`. Is it another sensor, or the wrong `type`?',
    });
    expect(fake.writes).toEqual([]);
  });

  test('is told from a chip with a strange id', async () => {
    const { begin } = createChipRig(BME280, () => createFakeBme280({ id: 0x61 }));

    await expect(begin()).rejects.toThrow(/it has id 0x61, a BME280 has 0x60 and a BMP280 0x58/);
  });
});

test('a BMP280 is not asked for humidity', async () => {
  const { fake, read } = createChipRig(BMP280, () => createFakeBme280({ id: 0x58 }));

  await read();

  expect(fake.writes.map(([register]) => register)).not.toContain(0xf2);
});

test.each([
  [1, true, 10],
  [16, true, 113],
  [1, false, 7],
  [16, false, 76],
])('a conversion with %dx oversampling (humidity: %s) takes at most %d ms', (times, humidity, ms) => {
  expect(conversionMaxMs(times, humidity)).toBe(ms);
});
