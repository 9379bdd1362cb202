/**
 * What every driver promises, held against every chip: right values or a named failure, whatever happens to the
 * wire, the power, or the chip that is plugged in. What a single data sheet says is in the test of its driver.
 */

import { describe, expect, test } from 'vitest';
import { CHIP_EXAMPLES, type ChipExample } from '../../../../../../test/support/chips/all-chips.ts';
import { type ChipRig, createChipRig } from '../../../../../../test/support/chips/chip-rig.ts';
import {
  exchangeWith,
  type FakeChip,
  notAcknowledged,
} from '../../../../../../test/support/chips/fake-chip.ts';
import { createFakeIna219 } from '../../../../../../test/support/chips/fake-ina219.ts';
import { createFakeLm75 } from '../../../../../../test/support/chips/fake-thermometers.ts';
import { NAME_PATTERN, UNITS } from '../../../../reading.ts';
import { CHIP_FAULTS, type ChipDriver, faultOf } from '../chip.ts';
import { CHIP_DRIVERS } from './index.ts';
import { LM75 } from './lm75.ts';
import { wordAt } from './words.ts';

const DRIVERS = CHIP_DRIVERS.map((driver) => [driver.type, driver] as const);

/** What a program that knows nothing of us asks of a chip; nobody tells it that there is no answer. */
const OTHER_MASTERS: readonly (readonly [what: string, ask: (chip: FakeChip) => void])[] = [
  ['reads from it', (chip) => unlessRefused(() => chip.read(2))],
  ['reads another of its registers', (chip) => unlessRefused(() => exchangeWith(chip, Uint8Array.of(3), 2))],
  ['looks at its first register', (chip) => unlessRefused(() => exchangeWith(chip, Uint8Array.of(0), 1))],
];

function unlessRefused(ask: () => unknown): void {
  try {
    ask();
  } catch {
    // Not acknowledged: its own affair.
  }
}

function exampleOf(type: string): ChipExample {
  const example = CHIP_EXAMPLES[type];
  if (example === undefined) throw new Error(`no example of ${type}`);
  return example;
}

/** Begun, and with its first value ready; what the driver then gives is exactly its example. */
async function readyRig(driver: ChipDriver): Promise<ChipRig<FakeChip>> {
  const { create, firstValueMs } = exampleOf(driver.type);
  const rig = createChipRig(driver, create);
  await rig.begin();
  await rig.clock.advance(firstValueMs);
  return rig;
}

function expectExample(type: string, values: Readonly<Record<string, number>>): void {
  const { values: wanted } = exampleOf(type);
  expect(Object.keys(values)).toEqual(Object.keys(wanted));
  for (const [metric, value] of Object.entries(wanted)) expect(values[metric]).toBeCloseTo(value, 9);
}

/** The class of what it comes to, or its values. */
async function outcomeOf(
  work: Promise<Readonly<Record<string, number>>>,
): Promise<Readonly<Record<string, number>> | string> {
  return work.catch((error: unknown) => faultOf(error) ?? `no fault: ${error}`);
}

test('every chip is in the table once, and has an example', () => {
  const types = CHIP_DRIVERS.map(({ type }) => type);

  expect(new Set(types).size).toBe(types.length);
  expect(Object.keys(CHIP_EXAMPLES).sort()).toEqual([...types].sort());
});

describe.each(DRIVERS)('%s', (type, driver) => {
  test('says what it is: names, units, legal ranges, addresses, times', () => {
    const { title, dataSheet, addresses, metrics, measureMaxMs } = driver;

    expect(type).toMatch(NAME_PATTERN);
    expect(title).not.toBe('');
    expect(dataSheet).not.toBe('');
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const address of addresses) expect(address >= 0x08 && address <= 0x77).toBe(true);
    for (const { metric, unit, legal } of metrics) {
      expect(metric).toMatch(NAME_PATTERN);
      expect(UNITS).toContain(unit);
      expect(legal[0]).toBeLessThan(legal[1]);
    }
    expect(measureMaxMs).toBeGreaterThan(0);
  });

  test('gives the values of its example, each within what it declares', async () => {
    const rig = await readyRig(driver);

    const values = await rig.measure();

    expectExample(type, values);
    expect(Object.keys(values)).toEqual(driver.metrics.map(({ metric }) => metric));
    for (const { metric, legal } of driver.metrics) {
      expect(values[metric]).toBeGreaterThanOrEqual(legal[0]);
      expect(values[metric]).toBeLessThanOrEqual(legal[1]);
    }
  });

  test('is done within the time that it declares, the wire at 100 kHz included', async () => {
    const { create, firstValueMs } = exampleOf(type);
    const rig = createChipRig(driver, create);
    const bytes = () => rig.log.reduce((sum, line) => sum + bytesIn(line), 0);
    await rig.begin();
    const begunMs = rig.clock.monotonicMs();
    await rig.clock.advance(firstValueMs);
    const waitedMs = rig.clock.monotonicMs();
    await rig.measure();

    const busyMs = begunMs + rig.clock.monotonicMs() - waitedMs + bytes() * 0.09;

    expect(busyMs).toBeLessThanOrEqual(driver.measureMaxMs);
  });

  test.each([
    ['ones', 0xff],
    ['zeros', 0x00],
  ])('makes no value of a bus that reads as all %s', async (_what, byte) => {
    const rig = await readyRig(driver);
    rig.tamper = (answer) => answer.fill(byte);

    const measured = await outcomeOf(rig.measure());
    const begun = await outcomeOf(rig.read());

    // Nothing of a BH1750 can be checked, and zeros are a dark night.
    if (type === 'bh1750' && byte === 0) return expect(measured).toEqual({ illuminance: 0 });
    expect(CHIP_FAULTS).toContain(measured);
    expect(CHIP_FAULTS).toContain(begun);
  });

  test('fails with a name when any of its exchanges is not acknowledged, and is right again when begun anew', async () => {
    const calm = await readyRig(driver);
    await calm.measure();

    for (let failing = 0; failing < calm.log.length; failing += 1) {
      const { create, firstValueMs } = exampleOf(type);
      const rig = createChipRig(driver, create);
      rig.before = (exchange) => {
        if (exchange === failing) throw notAcknowledged();
      };
      const begun = await outcomeOf(rig.begin().then(() => ({})));
      await rig.clock.advance(firstValueMs);
      const measured = typeof begun === 'string' ? begun : await outcomeOf(rig.measure());
      // A busy chip does not acknowledge either, so that one time is no failure where it is waited for.
      if (typeof measured !== 'string') expectExample(type, measured);
      else expect(measured).toBe('no_answer');

      await rig.begin();
      await rig.clock.advance(firstValueMs);
      expectExample(type, await rig.measure());
    }
  });

  test('never gives a wrong value when the power is lost before any of its exchanges', async () => {
    const calm = await readyRig(driver);
    const begun = calm.log.length;
    await calm.measure();

    for (let lost = begun; lost <= calm.log.length; lost += 1) {
      const rig = await readyRig(driver);
      rig.before = (exchange) => {
        if (exchange === lost) rig.fake.losePower();
      };
      const outcome = await outcomeOf(rig.measure());
      // While a BH1750 measures, a power loss reads as darkness: there is nothing to tell it by.
      const isDarkness = type === 'bh1750' && JSON.stringify(outcome) === '{"illuminance":0}';
      if (typeof outcome !== 'string' && !isDarkness) expectExample(type, outcome);
      if (typeof outcome === 'string') expect(['power_lost', 'not_ready', 'no_answer']).toContain(outcome);

      rig.before = () => {};
      await rig.begin();
      await rig.clock.advance(exampleOf(type).firstValueMs);
      expectExample(type, await rig.measure());
    }
  });

  test.each(OTHER_MASTERS)(
    'gives no wrong value when another program %s between any two of its exchanges',
    async (_what, ask) => {
      const calm = await readyRig(driver);
      const begun = calm.log.length;
      await calm.measure();

      for (let at = begun; at < calm.log.length; at += 1) {
        const rig = await readyRig(driver);
        rig.before = (exchange) => {
          if (exchange === at) ask(rig.fake);
        };
        const outcome = await outcomeOf(rig.measure());
        if (typeof outcome === 'string') expect(CHIP_FAULTS).toContain(outcome);
        else expectExample(type, outcome);

        rig.before = () => {};
        await rig.begin();
        await rig.clock.advance(exampleOf(type).firstValueMs);
        expectExample(type, await rig.measure());
      }
    },
  );

  test('stops at the abort while it waits, and asks nothing more', async () => {
    const { create } = exampleOf(type);
    const rig = createChipRig(driver, create);
    const abort = new AbortController();
    const working = (async () => {
      await rig.chip.begin(abort.signal);
      await rig.chip.measure(abort.signal);
    })();
    const settled = working.then(
      () => 'ended',
      () => 'aborted',
    );
    await rig.clock.advance(0);
    const asked = rig.log.length;

    abort.abort();

    expect(await settled).toBe('aborted');
    expect(rig.log).toHaveLength(asked);
  });
});

test('a driver that does not look would take a power loss for 0 celsius, and another chip for a warm day', async () => {
  const naive: ChipDriver = {
    ...LM75,
    open: ({ device }) => ({
      begin: async () => {},
      measure: async () => [
        { metric: 'temperature', value: wordAt(await device.transfer(Uint8Array.of(0), 2)) / 256 },
      ],
    }),
  };
  const lost = createChipRig(naive, createFakeLm75);
  await lost.clock.advance(300);
  expect(await lost.measure()).toEqual({ temperature: 25 });
  lost.fake.losePower();
  const stranger = createChipRig(naive, () => createFakeIna219());

  expect(await lost.measure()).toEqual({ temperature: 0 });
  expect(await stranger.measure()).toEqual({ temperature: 57.62109375 });
});

/** The bytes on the wire, the address included. */
function bytesIn(line: string): number {
  const [written = '', read = '0'] = line.split('/');
  return 1 + written.length / 2 + Number(read);
}

/** Every driver with every other chip that can be at one of its addresses. */
const STRANGERS = CHIP_DRIVERS.flatMap((driver) =>
  CHIP_DRIVERS.filter(
    (other) =>
      other.type !== driver.type && other.addresses.some((address) => driver.addresses.includes(address)),
  ).map((other) => [driver.type, other.type, driver] as const),
);

/** The two differ in what stands below the ninth bit, which an LM75 leaves open. */
const CANNOT_BE_TOLD_APART: readonly string[] = ['lm75 lm75b', 'lm75b lm75'];

describe('another chip at the address', () => {
  test.each(STRANGERS)('to %s: %s gives no values', async (type, other, driver) => {
    const { create, firstValueMs } = exampleOf(other);
    const rig = createChipRig(driver, create);

    const outcome = await outcomeOf(rig.begin().then(() => ({})));
    await rig.clock.advance(firstValueMs);

    if (CANNOT_BE_TOLD_APART.includes(`${type} ${other}`)) return expect(outcome).toEqual({});
    // Sensirion's chips have no id: another one that acknowledges everything gives no checksums. One of theirs
    // acknowledges nothing of what the others ask.
    expect(['wrong_chip', 'checksum', 'no_answer']).toContain(outcome);
  });

  test.each(STRANGERS)(
    'plugged in between two rounds of %s: %s gives no values',
    async (type, other, driver) => {
      const rig = await readyRig(driver);
      const stranger = exampleOf(other).create(() => rig.clock.monotonicMs());
      Object.assign(rig.fake, { write: stranger.write, read: stranger.read });

      const outcome = await outcomeOf(rig.measure());

      if (CANNOT_BE_TOLD_APART.includes(`${type} ${other}`)) return expect(outcome).toBe('power_lost');
      expect(CHIP_FAULTS).toContain(outcome);
    },
  );
});

describe('by a look without side effects', () => {
  const KNOWABLE = DRIVERS.filter(([, { identify }]) => identify !== undefined);

  test('six chips can be known', () => {
    expect(KNOWABLE.map(([type]) => type)).toEqual([
      'bme280',
      'bmp280',
      'sht3x',
      'sht4x',
      'scd4x',
      'mcp9808',
    ]);
  });

  test.each(KNOWABLE)('%s is known among all chips, and takes no harm', async (type, driver) => {
    for (const [other] of DRIVERS) {
      const rig = createChipRig(driver, exampleOf(other).create);

      expect([other, await rig.run(async () => driver.identify?.(rig.device))]).toEqual([
        other,
        other === type,
      ]);
    }
    const rig = await readyRig(driver);
    await rig.run(async () => driver.identify?.(rig.device));
    expectExample(type, await rig.measure());
  });

  test('a bus that is stuck is a failure and not another chip', async () => {
    for (const [, driver] of KNOWABLE) {
      const rig = createChipRig(driver, exampleOf(driver.type).create);
      rig.before = () => {
        throw Object.assign(new Error('stuck'), { fault: 'bus_stuck' });
      };

      await expect(rig.run(async () => driver.identify?.(rig.device))).rejects.toThrow('stuck');
    }
  });
});
