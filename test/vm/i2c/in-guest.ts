/**
 * Runs inside a virtual machine, as root: chips on a virtual I2C adapter, read by our drivers through the kernel
 * and the addon as in a gateway. Prints what it found as one JSON line for each scene, for the test outside.
 */

import { systemClock } from '../../../lib/base/clock.ts';
import { messageOf } from '../../../lib/base/errors.ts';
import type { SensorSource } from '../../../lib/flow/acquire/sensor-source.ts';
import { type ChipOptions, faultOf } from '../../../lib/flow/acquire/sources/i2c/chip.ts';
import { createChipSource } from '../../../lib/flow/acquire/sources/i2c/chip-source.ts';
import { CHIP_DRIVERS } from '../../../lib/flow/acquire/sources/i2c/chips/index.ts';
import { createI2cBuses } from '../../../lib/flow/acquire/sources/i2c/i2c-buses.ts';
import { CHIP_EXAMPLES } from '../../support/chips/all-chips.ts';
import type { FakeChip } from '../../support/chips/fake-chip.ts';
import { createFakeMcp9808 } from '../../support/chips/fake-thermometers.ts';
import { createFakeBme280 } from '../../support/fake-bme280.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';
import { createChipBus } from './chip-bus.ts';
import { askKernel, KERNEL_DRIVERS } from './kernel-drivers.ts';
import { VARIED_CHIPS, variedBme280 } from './varied-chips.ts';
import { createVirtualAdapter } from './virtual-adapter.ts';

/** A machine that is emulated on a busy one takes a hundred times as long as a Raspberry Pi for an exchange. */
const PATIENCE_MS = 240_000;
const FLAKY_READS = 40;
const CROWD = 50;

const { fraction } = createSeededRandom(280);
const bus = createChipBus(fraction);
const adapter = createVirtualAdapter(bus);
const number = await adapter.plugIn();
const buses = createI2cBuses({ clock: systemClock, exchangeMaxMs: PATIENCE_MS });

await kernel();
await varied();
await troubles();
await flaky();
await swap();
await crowd();
await unplugged();
await nobody();
process.exit(0);

/** Every chip, in the state of its example: our values, and the kernel's where it has a driver. */
async function kernel(): Promise<void> {
  for (const [type, example] of Object.entries(CHIP_EXAMPLES)) {
    const chip = example.create(() => performance.now());
    bus.plug(chip);
    const source = sourceOf(type, chip.address);
    if (example.firstValueMs > 0) {
      await read(source);
      await systemClock.sleep('first value', example.firstValueMs);
    }
    const ours = await read(source);
    const compared = KERNEL_DRIVERS[type]?.options ? {} : await comparison(type, chip, ours);
    say({ scene: 'example', type, expected: example.values, ours, ...compared });
    bus.unplug(chip.address);
  }
}

/** The same, in states that nobody has chosen. */
async function varied(): Promise<void> {
  for (const [type, { times, create }] of Object.entries(VARIED_CHIPS)) {
    for (let time = 1; time <= times; time += 1) {
      const chip = create(fraction);
      bus.plug(chip);
      const ours = await read(sourceOf(type, chip.address, KERNEL_DRIVERS[type]?.options));
      say({ scene: 'varied', type, ours, ...(await comparison(type, chip, ours)) });
      bus.unplug(chip.address);
    }
  }
}

/** What the kernel says, and what it would say if it had our values. */
async function comparison(type: string, chip: FakeChip, ours: Answer) {
  const driver = KERNEL_DRIVERS[type];
  if (driver === undefined || ours.values === undefined) return {};
  const { values } = ours;
  const ourTexts = Object.entries(driver.files).map(([file, [metric, text]]) => [
    file,
    text(values[metric] ?? Number.NaN),
  ]);
  return { kernel: await askKernel(number, chip, driver), asKernel: Object.fromEntries(ourTexts) };
}

/** One trouble after the other, and the first read after it. */
async function troubles(): Promise<void> {
  for (const [trouble, type] of [
    ['nak', 'bme280'],
    ['eio', 'bme280'],
    ['garble', 'sht3x'],
    ['hang', 'bme280'],
  ] as const) {
    const chip = exampleOf(type);
    bus.plug(chip);
    const source = sourceOf(type, chip.address);
    const before = await read(source);
    bus.trouble(chip.address, trouble);
    const during = await read(source);
    bus.trouble(chip.address, 'none');
    say({ scene: trouble, before, during, after: await read(source) });
    bus.unplug(chip.address);
  }
}

/** A chip that does not answer one message in ten: an exchange is two, so one exchange in five fails. */
async function flaky(): Promise<void> {
  const chip = exampleOf('bme280');
  bus.plug(chip);
  const source = sourceOf('bme280', chip.address);
  bus.trouble(chip.address, 0.1);
  let good = 0;
  const wrong: unknown[] = [];
  for (let index = 0; index < FLAKY_READS; index += 1) {
    const { values } = await read(source);
    if (values === undefined) continue;
    good += 1;
    if (values.temperature !== CHIP_EXAMPLES.bme280?.values.temperature) wrong.push(values);
  }
  bus.trouble(chip.address, 'none');
  say({ scene: 'flaky', reads: FLAKY_READS, good, wrong });
  bus.unplug(chip.address);
}

/** Somebody exchanges a chip for one with another calibration, and then for one of another kind. */
async function swap(): Promise<void> {
  const source = sourceOf('bme280', 0x76);
  const seen: Answer[] = [];
  const other = variedBme280(fraction);
  for (const chip of [exampleOf('bme280'), other, createFakeBme280({ id: 0x58 })]) {
    bus.plug(chip);
    seen.push(await read(source));
  }
  bus.plug(other);
  const alone = await read(sourceOf('bme280', 0x76));
  say({ scene: 'swap', first: seen[0], second: seen[1], secondAlone: alone, stranger: seen[2] });
  bus.unplug(0x76);
}

/** As many chips as an I2C bus has usual places for, all asked at once. */
async function crowd(): Promise<void> {
  const addresses = Array.from({ length: CROWD }, (_, index) => 0x08 + index);
  for (const address of addresses) bus.plug(createFakeMcp9808(address));
  const answers = await Promise.all(addresses.map((address) => read(sourceOf('mcp9808', address))));
  say({ scene: 'crowd', good: answers.filter(({ values }) => values?.temperature === 25.25).length });
  for (const address of addresses) bus.unplug(address);
}

/** The whole adapter goes, and comes back. */
async function unplugged(): Promise<void> {
  const chip = exampleOf('bme280');
  bus.plug(chip);
  const source = sourceOf('bme280', chip.address);
  const before = await read(source);
  await adapter.pullOut();
  const during = await read(source);
  const again = await adapter.plugIn();
  say({ scene: 'unplugged', before, during, sameNumber: again === number, after: await read(source) });
}

/** The device file belongs to root, and we are nobody for a moment; and a bus that does not exist. */
async function nobody(): Promise<void> {
  const source = sourceOf('bme280', 0x76, {}, createI2cBuses({ clock: systemClock }));
  process.seteuid?.('nobody');
  const forbidden = await read(source);
  process.seteuid?.(0);
  const missing = await read(sourceOf('bme280', 0x76, {}, buses, 99));
  say({ scene: 'unusable', forbidden, missing });
}

interface Answer {
  readonly values?: Readonly<Record<string, number>>;
  readonly fault?: string | undefined;
  readonly message?: string;
}

async function read(source: SensorSource): Promise<Answer> {
  try {
    const measurements = await source.read(AbortSignal.timeout(PATIENCE_MS));
    return { values: Object.fromEntries(measurements.map(({ metric, value }) => [metric, value])) };
  } catch (error) {
    return { fault: faultOf(error), message: messageOf(error) };
  }
}

function sourceOf(
  type: string,
  address: number,
  options: ChipOptions = {},
  of = buses,
  on = number,
): SensorSource {
  const driver = CHIP_DRIVERS.find((one) => one.type === type);
  if (driver === undefined) throw new Error(`there is no driver for ${type}`);
  return createChipSource({
    driver,
    name: type,
    bus: of.of(on),
    address,
    options,
    clock: systemClock,
    deadlineMs: PATIENCE_MS,
  });
}

function exampleOf(type: 'bme280' | 'sht3x'): FakeChip {
  const example = CHIP_EXAMPLES[type];
  if (example === undefined) throw new Error(`there is no example of ${type}`);
  return example.create(() => performance.now());
}

function say(found: object): void {
  console.log(JSON.stringify(found));
}
