import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createChipRig } from '../../../../../../test/support/chips/chip-rig.ts';
import { createFakeBh1750, rawIlluminanceOf } from '../../../../../../test/support/chips/fake-bh1750.ts';
import { BH1750 } from './bh1750.ts';

const rig = () => createChipRig(BH1750, createFakeBh1750);

test('the example of the technical note comes out: 0x8390 is 28067 lux', async () => {
  const one = rig();
  one.tamper = (answer) => Uint8Array.of(0x83, 0x90).subarray(0, answer.length);

  const { illuminance } = await one.read();

  expect(Math.round(illuminance ?? 0)).toBe(28_067);
});

test('the numbers are those of the kernel, steps times 0.833333, and those of the note within 0.03', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 54_611 }), async (lux) => {
      const one = rig();
      one.fake.lux = lux;

      const { illuminance = Number.NaN } = await one.read();

      const raw = rawIlluminanceOf(lux);
      expect(illuminance).toBeCloseTo(raw * 0.833_333, 6);
      expect(Math.abs(illuminance - raw / 1.2)).toBeLessThan(0.03);
    }),
  );
});

test('what is too bright for the chip is no value', async () => {
  const one = rig();
  one.fake.lux = 100_000;

  await expect(one.read()).rejects.toMatchObject({ fault: 'illegal_value' });
});

test('a measurement time that another program has set is set back', async () => {
  const { fake, read } = rig();
  fake.write(Uint8Array.of(0x40 | (31 >> 5)));
  fake.write(Uint8Array.of(0x60 | (31 & 0x1f)));
  expect(fake.measurementTime()).toBe(31);

  const { illuminance } = await read();

  expect(fake.measurementTime()).toBe(69);
  expect(illuminance).toBeCloseTo(820, 3);
});

test('is given its 180 ms', async () => {
  const { clock, begin, measure } = rig();
  await begin();
  const startMono = clock.monotonicMs();

  await measure();

  expect(clock.monotonicMs() - startMono).toBe(180);
});
