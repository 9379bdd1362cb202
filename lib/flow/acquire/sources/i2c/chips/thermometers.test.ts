/** MCP9808, TMP102 and LM75: the tables of their data sheets, and how each is told from the others. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createChipRig } from '../../../../../../test/support/chips/chip-rig.ts';
import {
  createFakeLm75,
  createFakeMcp9808,
  createFakeTmp102,
} from '../../../../../../test/support/chips/fake-thermometers.ts';
import { LM75, LM75B } from './lm75.ts';
import { MCP9808 } from './mcp9808.ts';
import { TMP102 } from './tmp102.ts';

const signed = (min: number, max: number) => fc.integer({ min, max });

describe('an MCP9808', () => {
  const rig = () => createChipRig(MCP9808, () => createFakeMcp9808());

  test.each([
    // 5.1.3.1, equation 5-1, with the flags of the alert above the sign.
    [0xc194, 25.25],
    [0xc07f, 7.937],
    [0x1ff0, -1],
    [0x3d80, -40],
    [0xc7d0, 125],
    [0x0000, 0],
  ])('gives %i as %d', async (raw, celsius) => {
    const one = rig();
    one.tamper = (answer, [register]) => (register === 5 ? Uint8Array.of(raw >> 8, raw & 0xff) : answer);

    expect(await one.read()).toEqual({ temperature: celsius });
  });

  test('gives every temperature as the kernel does, cut to thousandths towards zero', async () => {
    await fc.assert(
      fc.asyncProperty(signed(-640, 2_000), async (steps) => {
        const one = rig();
        one.fake.thermometer.steps = steps;

        const { temperature } = await one.read();

        // C divides towards zero: reg * 125 / 2.
        expect(temperature).toBe(Number((BigInt(steps) * 125n) / 2n) / 1_000);
      }),
    );
  });

  test.each([
    ['manufacturer', 6, 'its manufacturer is 0x1131 instead of 0x54'],
    ['device', 7, 'its device id is 0x11 instead of 0x04'],
  ])('is told from another thermometer of the standard by its %s', async (_what, register, words) => {
    const one = rig();
    one.fake.registers.set(register, 0x1131);

    await expect(one.begin()).rejects.toThrow(words);
    expect(one.log.every((line) => line.endsWith('/2'))).toBe(true);
  });

  test('that another program has locked cannot be used, and the error says why', async () => {
    const one = rig();
    one.tamper = (answer, write) =>
      write[0] === 1 ? Uint8Array.of(0x01, 0x40).subarray(0, answer.length) : answer;

    await expect(one.begin()).rejects.toMatchObject({
      fault: 'unusable',
      message: expect.stringContaining('power it off and on'),
    });
  });

  test('measures as finely as it can, whatever another program has set', async () => {
    const one = rig();
    one.fake.registers.set(8, 0);

    await one.read();

    expect(one.fake.registers.get(8)).toBe(3);
  });
});

describe('a TMP102', () => {
  const rig = () => createChipRig(TMP102, createFakeTmp102);

  test.each([
    // 7.3.1, table 3: 13 bits, in steps of 1/16 celsius.
    [0x0960, 150],
    [0x0800, 128],
    [0x07ff, 127.937],
    [0x0640, 100],
    [0x0500, 80],
    [0x04b0, 75],
    [0x0320, 50],
    [0x0190, 25],
    [0x0004, 0.25],
    [0x0000, 0],
    [0x1ffc, -0.25],
    [0x1e70, -25],
    [0x1c90, -55],
  ])('gives the code %i as %d', async (code, celsius) => {
    const one = rig();
    one.fake.thermometer.steps = code;

    expect(await one.read()).toEqual({ temperature: celsius });
  });

  test('gives every temperature as the kernel does, cut to thousandths towards zero', async () => {
    await fc.assert(
      fc.asyncProperty(signed(-880, 2_400), async (steps) => {
        const one = rig();
        one.fake.thermometer.steps = steps;

        const { temperature } = await one.read();

        // C divides towards zero, and the register has the flag of the extended mode in its lowest bit.
        const register = BigInt.asIntN(16, BigInt(steps << 3) | 1n);
        expect(temperature).toBe(Number(((register & ~1n) * 1_000n) / 128n) / 1_000);
      }),
    );
  });

  test('converts once, while it is left alone for 35 ms', async () => {
    const { log, clock, begin, measure } = rig();
    await begin();
    const [before, startMono] = [log.length, clock.monotonicMs()];

    await measure();

    expect(log.slice(before)).toEqual(['01/2', '01e190', '01/2', '00/2']);
    expect(clock.monotonicMs() - startMono).toBe(35);
  });

  test('that is slow is looked at again, and not for ever', async () => {
    const one = rig();
    await one.begin();
    one.tamper = (answer, write) => {
      if (write[0] === 1) answer[0] = (answer[0] ?? 0) & 0x7f;
      return answer;
    };

    await expect(one.measure()).rejects.toMatchObject({ fault: 'not_ready' });
  });

  test('with the alert tripped, or another limit, is still a TMP102', async () => {
    const one = rig();
    one.fake.registers.set(1, 0x6080);

    expect(await one.read()).toEqual({ temperature: 25 });
  });
});

describe('an LM75', () => {
  test.each([
    // Temperature data format, 1.4: nine bits in steps of 1/2 celsius.
    [0x0fa, 125],
    [0x032, 25],
    [0x001, 0.5],
    [0x000, 0],
    [0x1ff, -0.5],
    [0x1ce, -25],
    [0x192, -55],
  ])('gives the code %i as %d, whatever stands below its nine bits', async (code, celsius) => {
    for (const below of [0x00, 0x7f, 0x55]) {
      const one = createChipRig(LM75, (now) => createFakeLm75(now, { below }));
      one.fake.thermometer.steps = code;

      expect(await one.read()).toEqual({ temperature: celsius });
    }
  });

  test.each([
    // NXP LM75B, 7.4.3, table 11: eleven bits in steps of 1/8 celsius.
    [0x3f8, 127],
    [0x3f7, 126.875],
    [0x3f1, 126.125],
    [0x3e8, 125],
    [0x0c8, 25],
    [0x001, 0.125],
    [0x000, 0],
    [0x7ff, -0.125],
    [0x738, -25],
    [0x649, -54.875],
    [0x648, -55],
  ])('of NXP, LM75B, gives the code %i as %d', async (code, celsius) => {
    const one = createChipRig(LM75B, (now) => createFakeLm75(now, { bits: 11, below: 0x1f }));
    one.fake.thermometer.steps = code;

    expect(await one.read()).toEqual({ temperature: celsius });
  });

  test('has its first conversion awaited, and no other', async () => {
    const { clock, begin, measure } = createChipRig(LM75, createFakeLm75);
    await begin();
    const begunMono = clock.monotonicMs();
    await measure();

    expect([begunMono, clock.monotonicMs()]).toEqual([300, 300]);
  });

  test('is never asked for one byte of two, after which it could hold SDA low', async () => {
    const { log, read } = createChipRig(LM75, createFakeLm75);

    await read();

    expect(log).toEqual(['01/1', '0118', '01/1', '00/2', '01/1']);
  });
});
