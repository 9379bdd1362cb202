import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createChipRig } from '../../../../../../test/support/chips/chip-rig.ts';
import { createFakeIna219 } from '../../../../../../test/support/chips/fake-ina219.ts';
import { INA219 } from './ina219.ts';

const rig = (shuntOhm?: number) => createChipRig(INA219, () => createFakeIna219(), { shuntOhm });

test('the example of the data sheet comes out: 10 A and 11.98 V through 2 milliohm', async () => {
  // 8.6.4, table 8: 20 mV across the resistor; its power is in coarser steps there.
  expect(await rig(0.002).read()).toEqual({ voltage: 11.98, current: 10, power: 119.8 });
});

test('the numbers are those of the kernel, which rounds volt and ampere to thousandths', async () => {
  const shunts = fc.constantFrom(0.1, 0.01, 0.002, 0.05, 0.033, 1);
  const supplies = fc.record({
    rawShunt: fc.integer({ min: -32_000, max: 32_000 }),
    rawBus: fc.integer({ min: 0, max: 8_000 }),
  });
  await fc.assert(
    fc.asyncProperty(shunts, supplies, async (shuntOhm, supply) => {
      const one = rig(shuntOhm);
      Object.assign(one.fake.supply, supply);

      const { voltage = 0, current = 0, power = 0 } = await one.read();

      const { rawShunt, rawBus } = supply;
      const stepMicroampere = divideRounded(10_000_000, Math.round(shuntOhm * 1_000_000));
      const milliampere = rawShunt * stepMicroampere;
      expect(Math.round(voltage * 1_000)).toBe(divideRounded(rawBus * 4_000, 1_000));
      expect(Math.sign(current) * Math.round(Math.abs(current) * 1_000) + 0).toBe(
        divideRounded(milliampere, 1_000) + 0,
      );
      const rawPower = Math.trunc((Math.abs(rawShunt) * rawBus) / 5_000);
      expect(Math.round(power * 1_000_000)).toBe(rawPower * 20 * stepMicroampere);
    }),
  );
});

/** The kernel's DIV_ROUND_CLOSEST: halves go away from zero. */
function divideRounded(dividend: number, divisor: number): number {
  return Math.sign(dividend) * Math.floor((Math.abs(dividend) + divisor / 2) / divisor);
}

test('is set up as it is after power-on, with a calibration that loses no step', async () => {
  const { log, begin, measure } = rig();
  await begin();
  await measure();

  expect(log).toEqual([
    ...['00/2', '02/2'],
    ...['00399f', '00/2', '051000', '05/2'],
    ...['02/2', '04/2', '03/2', '05/2'],
  ]);
});

test('a power that does not fit its register is no value', async () => {
  const one = rig();
  await one.begin();
  one.tamper = (answer, [register]) => {
    if (register === 2) answer[1] = (answer[1] ?? 0) | 0x01;
    return answer;
  };

  await expect(one.measure()).rejects.toMatchObject({ fault: 'illegal_value' });
});

test.each([
  ['an INA226, which has a bit 14', 0x00, 0x41],
  ['a chip with a bit that an INA219 does not have', 0x02, 0x04],
])('%s is told from an INA219 before anything is written to it', async (_what, register, byte) => {
  const one = rig();
  one.tamper = (answer, [asked]) => {
    if (asked === register) answer[register === 0 ? 0 : 1] = byte;
    return answer;
  };

  await expect(one.begin()).rejects.toMatchObject({ fault: 'wrong_chip' });
  expect(one.log.every((line) => line.endsWith('/2'))).toBe(true);
});
