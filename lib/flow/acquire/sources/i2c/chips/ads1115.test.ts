import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createChipRig } from '../../../../../../test/support/chips/chip-rig.ts';
import { createFakeAds1115, rawVoltageOf } from '../../../../../../test/support/chips/fake-ads1115.ts';
import { ADS1115 } from './ads1115.ts';

const rig = (options = {}) => createChipRig(ADS1115, createFakeAds1115, options);

/** What it gives for AIN0 when its conversion register holds `raw`. */
async function measured(raw: number, rangeVolt: number) {
  const one = rig({ rangeVolt });
  await one.begin();
  one.tamper = (answer, [register]) => (register === 0 ? Uint8Array.of(raw >> 8, raw & 0xff) : answer);
  return (await one.measure()).voltage_a0;
}

test.each([
  // 9.5.4, table 4: the ideal output codes, in steps of range / 32768.
  [0x7fff, 32_767],
  [0x0001, 1],
  [0x0000, 0],
  [0xffff, -1],
  [0x8000, -32_768],
])('the code %i is %i steps, in every range', async (raw, steps) => {
  for (const rangeVolt of [6.144, 4.096, 2.048, 1.024, 0.512, 0.256]) {
    expect(await measured(raw, rangeVolt)).toBe((steps * rangeVolt) / 32_768);
  }
});

test('every voltage within the range comes back to half a step, as the kernel scales it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 4_095 }), async (millivolt) => {
      const one = rig();
      one.fake.volts[2] = millivolt / 1_000;

      const { voltage_a2: volt = Number.NaN } = await one.read();

      expect(Math.abs(volt - millivolt / 1_000)).toBeLessThanOrEqual(4.096 / 65_536);
      const raw = rawVoltageOf(millivolt / 1_000, 4.096);
      expect(volt * 1_000).toBeCloseTo(raw * 0.125, 9);
    }),
  );
});

test('each input is one shot of its own: started, waited for, looked at, read', async () => {
  const { log, begin, measure } = rig();
  await begin();
  const before = log.length;

  await measure();

  // 9.6.3: input, 4.096 V, single shot, 128 samples a second, no comparator.
  expect(log.slice(before)).toEqual([
    ...['01c383', '01/2', '00/2'],
    ...['01d383', '01/2', '00/2'],
    ...['01e383', '01/2', '00/2'],
    ...['01f383', '01/2', '00/2'],
    '02/2',
  ]);
});

test('a chip that is slow is looked at again, and not for ever', async () => {
  const one = rig();
  await one.begin();
  let busyLooks = 4;
  one.tamper = (answer, write) => {
    if (write[0] === 1 && busyLooks > 0) {
      busyLooks -= 1;
      answer[0] = (answer[0] ?? 0) & 0x7f;
    }
    return answer;
  };
  expect(await one.measure()).toHaveProperty('voltage_a0', 0.5);
  busyLooks = 99;

  await expect(one.measure()).rejects.toMatchObject({ fault: 'not_ready' });
});

test('a voltage above the range reads as its end, and the other inputs are not lost by it', async () => {
  const one = rig({ rangeVolt: 1.024 });

  const values = await one.read();

  expect(values.voltage_a2).toBe((32_767 * 1.024) / 32_768);
  expect(values.voltage_a0).toBe(0.5);
});
