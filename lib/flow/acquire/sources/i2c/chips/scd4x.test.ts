import { expect, test } from 'vitest';
import { createChipRig } from '../../../../../../test/support/chips/chip-rig.ts';
import { createFakeScd4x } from '../../../../../../test/support/chips/fake-scd4x.ts';
import { SCD4X } from './scd4x.ts';

const rig = () => createChipRig(SCD4X, createFakeScd4x);

test('the example of the data sheet comes out: 500 ppm, 25 celsius, 37 percent', async () => {
  const { clock, begin, measure } = rig();
  await begin();
  await clock.advance(5_000);

  const { co2, temperature, humidity } = await measure();

  expect(co2).toBe(500);
  expect(temperature).toBeCloseTo(25, 2);
  expect(humidity).toBeCloseTo(37, 2);
});

test('the temperature is what the kernel gives with its scale and offset, to a millionth', async () => {
  for (const raw of [0, 1, 0x4000, 0x6667, 0x8000, 0xfffe, 0xffff]) {
    const { clock, fake, begin, measure } = rig();
    fake.air = [420, raw, raw];
    await begin();
    await clock.advance(5_000);

    const { temperature = Number.NaN, humidity = Number.NaN } = await measure();

    expect(temperature).toBeCloseTo(((raw - 16_852.114_286) * 2.670_288_085) / 1_000, 6);
    expect(humidity).toBeCloseTo((raw * 1.525_878_906) / 1_000, 6);
  }
});

test('a value is given once, and until there is a new one there is none, without a failure', async () => {
  const { clock, begin, measure } = rig();
  await begin();
  const counts: number[] = [];

  for (let second = 0; second < 16; second += 1) {
    counts.push(Object.keys(await measure()).length);
    await clock.advance(1_000);
  }

  expect(counts.filter((count) => count === 3)).toHaveLength(3);
  expect(counts.filter((count) => count === 0)).toHaveLength(13);
});

test('a chip that has lost its power is idle for ever, and is found to be at the next look', async () => {
  const { clock, fake, begin, measure } = rig();
  await begin();
  await clock.advance(5_000);
  fake.losePower();

  await expect(measure()).rejects.toMatchObject({ fault: 'power_lost' });
  await begin();
  await clock.advance(5_000);
  expect(await measure()).toHaveProperty('co2', 500);
});

test('a chip that another program left measuring is stopped first, as it would refuse to say who it is', async () => {
  const { fake, read, log } = rig();
  fake.write(Uint8Array.of(0x21, 0xb1));

  await read();

  expect(log.slice(0, 4)).toEqual(['3f86', '3682', '/9', '21b1']);
});

test('air without any carbon dioxide is a chip that is warming up', async () => {
  const { clock, fake, begin, measure } = rig();
  fake.air = [0, 0x6667, 0x5eb9];
  await begin();
  await clock.advance(5_000);

  expect(await measure()).toEqual({});
});

test('with any one of its bytes flipped gives no value', async () => {
  for (let byte = 0; byte < 9; byte += 1) {
    const one = rig();
    await one.begin();
    await one.clock.advance(5_000);
    one.tamper = (answer) => {
      if (answer.length === 9) answer[byte] = (answer[byte] ?? 0) ^ 0xff;
      return answer;
    };

    await expect(one.measure()).rejects.toMatchObject({ fault: 'checksum' });
  }
});

test('is stopped at the end, so that another program finds it idle', async () => {
  const { chip, fake, read, run } = rig();
  await read();

  await run(async (signal) => chip.end?.(signal));

  expect(() => fake.write(Uint8Array.of(0x36, 0x82))).not.toThrow();
});
