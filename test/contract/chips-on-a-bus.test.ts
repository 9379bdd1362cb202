/**
 * Every chip that there is a driver for, on two buses, from the options of the configuration to measurements: what
 * the drivers promise one by one must hold when they share a wire and are read at the same time.
 */

import { expect, test } from 'vitest';
import { createSources, type SourceOptions } from '../../lib/flow/acquire/sources/create-sources.ts';
import { CHIP_DRIVERS } from '../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { CHIP_EXAMPLES } from '../support/chips/all-chips.ts';
import type { FakeChip } from '../support/chips/fake-chip.ts';
import { createFakeWire } from '../support/chips/fake-wire.ts';
import { createTestWorld } from '../support/test-world.ts';

/** Where each goes: a chip that shares its usual address with another one is on the second bus, or has its other one. */
const PLACES: Readonly<Record<string, { bus: number; address: number }>> = {
  bme280: { bus: 1, address: 0x76 },
  bmp280: { bus: 2, address: 0x76 },
  sht3x: { bus: 1, address: 0x44 },
  sht4x: { bus: 2, address: 0x44 },
  scd4x: { bus: 1, address: 0x62 },
  ads1115: { bus: 1, address: 0x48 },
  ina219: { bus: 1, address: 0x40 },
  bh1750: { bus: 1, address: 0x23 },
  mcp9808: { bus: 1, address: 0x18 },
  tmp102: { bus: 2, address: 0x48 },
  lm75: { bus: 3, address: 0x48 },
  lm75b: { bus: 4, address: 0x48 },
};

const ROUND_MS = 10_000;

function rig() {
  const world = createTestWorld();
  const { clock } = world;
  const fakes = new Map<string, FakeChip>();
  const wires = new Map<number, ReturnType<typeof createFakeWire>>();
  const wanted: SourceOptions[] = CHIP_DRIVERS.map(({ type }) => ({
    type,
    name: type,
    deadlineMs: 5_000,
    ...PLACES[type],
  }));
  const openWire = (bus: number) => {
    const chips = Object.entries(PLACES)
      .filter(([, place]) => place.bus === bus)
      .map(([type]) => {
        const fake = CHIP_EXAMPLES[type]?.create(clock.monotonicMs);
        if (fake === undefined) throw new Error(`no example of ${type}`);
        fakes.set(type, fake);
        return fake;
      });
    const wire = createFakeWire(chips);
    wires.set(bus, wire);
    return wire;
  };
  const sources = createSources(wanted, { world, stateDir: '/', openWire });

  /** Reads all sources at once, as a round does: what each gave, or why not. */
  async function round(): Promise<Readonly<Record<string, Readonly<Record<string, number>> | string>>> {
    const reads = sources.all.map(async (source) => {
      const outcome = await source.read(new AbortController().signal).then(
        (measurements) => Object.fromEntries(measurements.map((one) => [one.metric, one.value])),
        (error: unknown) => String(error),
      );
      return [source.name, outcome] as const;
    });
    await clock.advance(ROUND_MS);
    return Object.fromEntries(await Promise.all(reads));
  }

  return { round, fakes, wires, sources };
}

const EXAMPLES = Object.entries(CHIP_EXAMPLES).map(([type, { values }]) => {
  const close = Object.entries(values).map(([metric, value]) => [metric, expect.closeTo(value, 9)]);
  return [type, Object.fromEntries(close)] as const;
});

test('all of them give their examples in the same round, the one that takes 5 s to its first value in the next', async () => {
  const { round, sources } = rig();

  const first = await round();
  const second = await round();

  expect(first).toEqual({ ...Object.fromEntries(EXAMPLES), scd4x: {} });
  expect(second).toEqual(Object.fromEntries(EXAMPLES));
  expect(sources.all.map((source) => source.statistics?.()?.faults)).toEqual(sources.all.map(() => ({})));
});

test('all of them that lose their power go on in the same round, and it is counted where it can be seen', async () => {
  const { round, fakes, sources } = rig();
  await round();
  await round();
  for (const fake of fakes.values()) fake.losePower();

  const after = await round();

  // The SCD4x begins anew, and has its next value 5 s later.
  expect(after).toEqual({ ...Object.fromEntries(EXAMPLES), scd4x: {} });
  const lost = sources.all.filter((source) => source.statistics?.()?.faults.power_lost === 1);
  expect(lost.map(({ name }) => name)).toEqual(
    CHIP_DRIVERS.map(({ type }) => type).filter((type) => !['sht3x', 'sht4x', 'bh1750'].includes(type)),
  );
  expect(await round()).toEqual(Object.fromEntries(EXAMPLES));
});

test('one that is unplugged costs the others nothing, and is back with its values once it is plugged in', async () => {
  const { round, wires, fakes } = rig();
  await round();
  await round();
  wires.get(1)?.chips.delete(0x44);

  const without = await round();
  const sht3x = fakes.get('sht3x');
  if (sht3x !== undefined) wires.get(1)?.chips.set(0x44, sht3x);
  const back = await round();

  expect(without).toEqual({ ...Object.fromEntries(EXAMPLES), sht3x: expect.stringContaining('EREMOTEIO') });
  expect(back).toEqual(Object.fromEntries(EXAMPLES));
});

test('one that is exchanged for another kind is named, and costs the others nothing', async () => {
  const { round, wires, fakes } = rig();
  await round();
  const bmp280 = fakes.get('bmp280');
  if (bmp280 !== undefined) wires.get(1)?.chips.set(0x76, bmp280);

  const exchanged = await round();

  expect(exchanged).toEqual({
    ...Object.fromEntries(EXAMPLES),
    bme280: expect.stringContaining('by its id, 0x58, it is a BMP280; write `type: bmp280`'),
  });
});
