/** SHT3x and SHT4x, which differ in their commands and in the formula of humidity. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createChipRig } from '../../../../../../test/support/chips/chip-rig.ts';
import { notAcknowledged } from '../../../../../../test/support/chips/fake-chip.ts';
import { createFakeSht3x, createFakeSht4x } from '../../../../../../test/support/chips/fake-sht.ts';
import { SHT3X } from './sht3x.ts';
import { SHT4X } from './sht4x.ts';

const word = fc.integer({ min: 0, max: 0xffff });
const SHT3X_KIND = { name: 'an SHT3x', driver: SHT3X, create: createFakeSht3x, measureCommand: '2400' };
const SHT4X_KIND = { name: 'an SHT4x', driver: SHT4X, create: createFakeSht4x, measureCommand: 'fd' };

/** The words of an answer at rest: raw values in, measured values out. */
async function measured({ driver, create }: typeof SHT3X_KIND, rawTemperature: number, rawHumidity: number) {
  const { fake, measure } = createChipRig(driver, create);
  Object.assign(fake.climate, { rawTemperature, rawHumidity });
  return measure();
}

describe.each([SHT3X_KIND, SHT4X_KIND])('$name', (kind) => {
  const { driver, create, measureCommand } = kind;

  test('gives the temperature of the kernel, digit for digit, and that of the data sheet within 0.004', async () => {
    await fc.assert(
      fc.asyncProperty(word, async (raw) => {
        const { temperature = Number.NaN } = await measured(kind, raw, 0x8000);

        expect(temperature).toBe(Number(((21_875n * BigInt(raw)) >> 13n) - 45_000n) / 1_000);
        expect(Math.abs(temperature - (-45 + (175 * raw) / 65_535))).toBeLessThan(0.004);
      }),
    );
  });

  test('is asked for its values after the time that a conversion takes, and others have the bus meanwhile', async () => {
    const { clock, chip, log, begin } = createChipRig(driver, create);
    await begin();
    const before = log.length;
    const measuring = chip.measure(new AbortController().signal);

    await clock.advance(7);
    const asked = log.slice(before);
    await clock.advance(20);
    await measuring;

    expect(asked).toEqual([measureCommand]);
    expect(log.slice(before)).toEqual([measureCommand, '/6']);
  });

  test('that is late is asked again, and not for ever', async () => {
    const rig = createChipRig(driver, create);
    await rig.begin();
    const from = rig.log.length;
    const late = (times: number) => {
      const start = rig.log.length;
      rig.before = (exchange) => {
        if (exchange > start && exchange <= start + times) {
          throw Object.assign(new Error('not acknowledged'), { fault: 'no_answer' });
        }
      };
    };

    late(4);
    expect(await rig.measure()).toHaveProperty('temperature', 24.499);
    late(99);

    await expect(rig.measure()).rejects.toMatchObject({ fault: 'not_ready' });
    expect(rig.log.slice(from)).toHaveLength(2 * 6);
  });

  test('with any one of its bits flipped gives no value', async () => {
    for (let bit = 0; bit < 48; bit += 1) {
      const rig = createChipRig(driver, create);
      rig.tamper = (answer) => {
        const byte = bit >> 3;
        answer[byte] = (answer[byte] ?? 0) ^ (1 << (bit & 7));
        return answer;
      };

      await expect(rig.measure()).rejects.toMatchObject({
        fault: 'checksum',
        message: expect.stringContaining(`word ${bit < 24 ? 1 : 2} from 0x44`),
      });
    }
  });
});

test('an SHT4x in the place of an SHT3x answers to its address and to nothing else, and is told by that', async () => {
  for (const [kind, other] of [
    [SHT3X_KIND, SHT4X_KIND],
    [SHT4X_KIND, SHT3X_KIND],
  ] as const) {
    const { begin } = createChipRig(kind.driver, other.create);

    await expect(begin()).rejects.toMatchObject({
      fault: 'wrong_chip',
      message: expect.stringContaining(
        `is not ${kind.name}: it answers to its address, and not to the commands`,
      ),
    });
  }
});

test('an empty place is an empty place, and no wrong chip', async () => {
  const { begin, ...rig } = createChipRig(SHT4X, createFakeSht4x);
  Object.assign(rig.device, { transfer: async () => Promise.reject(notAcknowledged()) });

  await expect(begin()).rejects.toMatchObject({ fault: 'no_answer' });
});

test('a beginning in which one exchange is lost goes on, and nobody is suspected', async () => {
  for (const { driver, create } of [SHT3X_KIND, SHT4X_KIND]) {
    for (let lost = 0; lost < 4; lost += 1) {
      const rig = createChipRig(driver, create);
      rig.before = (exchange) => {
        if (exchange === lost) throw notAcknowledged();
      };

      expect(await rig.begin().then(() => 'begun')).toBe('begun');
    }
  }
});

test('a chip without checksums is named as what it may be', async () => {
  const rig = createChipRig(SHT3X, createFakeSht3x);
  rig.tamper = (answer) => answer.fill(0x5a);

  await expect(rig.begin()).rejects.toMatchObject({
    fault: 'checksum',
    message: expect.stringMatching(/at 0x44 does not give the checksums of an SHT3x.*another sensor/),
  });
});

test('the humidity of an SHT3x is that of the kernel, and that of the data sheet within 0.003', async () => {
  await fc.assert(
    fc.asyncProperty(word, async (raw) => {
      const { humidity = Number.NaN } = await measured(SHT3X_KIND, 0x6666, raw);

      expect(humidity).toBe(Number((12_500n * BigInt(raw)) >> 13n) / 1_000);
      expect(Math.abs(humidity - (100 * raw) / 65_535)).toBeLessThan(0.003);
    }),
  );
});

test('the humidity of an SHT4x is that of the kernel, cut off at 0 and 100 percent as the data sheet advises', async () => {
  await fc.assert(
    fc.asyncProperty(word, async (raw) => {
      const { humidity } = await measured(SHT4X_KIND, 0x6666, raw);

      const kernel = Number(((15_625n * BigInt(raw)) >> 13n) - 6_000n) / 1_000;
      expect(humidity).toBe(Math.min(100, Math.max(0, kernel)));
    }),
  );
  expect(await measured(SHT4X_KIND, 0x6666, 0)).toHaveProperty('humidity', 0);
  expect(await measured(SHT4X_KIND, 0x6666, 0xffff)).toHaveProperty('humidity', 100);
});

test('an SHT3x that another program left measuring periodically is taken out of it', async () => {
  const { fake, read } = createChipRig(SHT3X, createFakeSht3x);
  fake.write(Uint8Array.of(0x21, 0x30));
  expect(() => fake.write(Uint8Array.of(0x24, 0x00))).toThrow();

  expect(await read()).toHaveProperty('temperature', 24.499);
});
