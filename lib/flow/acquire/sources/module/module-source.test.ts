import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFakeAht20 } from '../../../../../test/support/fake-aht20.ts';
import { tempDir } from '../../../../../test/support/temp-dir.ts';
import { createVirtualClock, settle } from '../../../../../test/support/virtual-clock.ts';
import { systemClock } from '../../../../base/clock.ts';
import { createModuleSource } from './module-source.ts';

const EXAMPLES = join(import.meta.dirname, '../../../../../examples/drivers');
const { signal } = new AbortController();
const noBus = () => expect.fail('it has asked for a bus');

/** A file with this text in a directory of its own. */
function fileWith(text: string, name = 'driver.mjs'): string {
  const file = join(tempDir(), name);
  writeFileSync(file, text);
  return file;
}

const sourceAt = (path: string) =>
  createModuleSource({ name: 'pond', path, bus: noBus, clock: systemClock, deadlineMs: 2_000 });

const READING = "[{ sensor: 'pond', metric: 'temperature', unit: 'celsius', value: 20 }]";
const measured = [{ sensor: 'pond', metric: 'temperature', unit: 'celsius', value: 20 }];

/** What it does, its text, and what is told of it. */
const BROKEN: readonly [string, string, RegExp][] = [
  ['exports nothing', '', /exports neither "driver" nor "createSource"/],
  ['throws as it is loaded', "throw new Error('no cable')", /cannot be loaded: no cable/],
  ['imports what is not there', "import 'left-pad';", /cannot be loaded: Cannot find package 'left-pad'/],
  [
    'makes no source',
    'export const createSource = () => null;',
    /must return an object with a function "read"/,
  ],
  [
    'makes a source with a wrong close',
    'export const createSource = () => ({ read() {}, close: 1 });',
    /"close" must be a function, or left out/,
  ],
  ['is no driver', 'export const driver = 7;', /driver is not an object/],
  [
    'has forgotten half of what a driver states',
    "export const driver = { type: 'Pond', metrics: [{ metric: 'ph', unit: 'pH', legal: [14, 0] }] };",
    /driver.type must be.*driver.title must be.*driver.addresses must be.*driver.open must be.*metrics\[0\].unit must be.*metrics\[0\].legal must be/,
  ],
];

describe('a driver of one’s own', () => {
  test.each([
    ['an ES module', 'a.mjs', `export const createSource = () => ({ read: async () => ${READING} });`],
    ['a CommonJS module', 'a.cjs', `exports.createSource = () => ({ read: async () => ${READING} });`],
    [
      'an object as the default',
      'a.mjs',
      `export default { createSource: () => ({ read: async () => ${READING} }) };`,
    ],
  ])('may be %s', async (_what, name, text) => {
    const source = sourceAt(fileWith(text, name));

    await expect(source.read(signal)).resolves.toEqual(measured);
  });

  test('is loaded by its first read, and once', async () => {
    const text = `globalThis.loads = (globalThis.loads ?? 0) + 1;
      export const createSource = () => ({ read: async () => [] });`;
    const source = sourceAt(fileWith(text));
    const before: unknown = Reflect.get(globalThis, 'loads');

    await Promise.all([source.read(signal), source.read(signal)]);
    await source.read(signal);

    expect(before).toBeUndefined();
    expect(Reflect.get(globalThis, 'loads')).toBe(1);
  });

  test('that is mended is taken up by the next read', async () => {
    const file = fileWith('export const createSource = (');
    const source = sourceAt(file);
    await expect(source.read(signal)).rejects.toThrow(`${file} cannot be loaded`);
    writeFileSync(
      file,
      `export const createSource = () => ({ read: async () => ${READING} }); // Longer, later.`,
    );

    await expect(source.read(signal)).resolves.toEqual(measured);
  });

  test('that throws when it is closed keeps nobody from closing the others', async () => {
    const text = `export const createSource = () => ({ read: async () => [], close() { throw new Error('no') } });`;
    const source = sourceAt(fileWith(text));
    await source.read(signal);

    expect(() => source.close?.()).not.toThrow();
  });

  test('that is still being loaded when it is closed is closed as soon as it has been made', async () => {
    const text = `await globalThis.pondGate;
      export const createSource = () => ({ read: async () => [], close() { globalThis.pondCloses += 1; } });`;
    let open = () => {};
    Object.assign(globalThis, {
      pondGate: new Promise<void>((resolve) => {
        open = resolve;
      }),
      pondCloses: 0,
    });
    const source = sourceAt(fileWith(text));
    const reading = source.read(signal).catch((error: unknown) => error);

    source.close?.();
    open();

    expect(await reading).toMatchObject({ message: 'pond has been closed' });
    expect(Reflect.get(globalThis, 'pondCloses')).toBe(1);
  });

  test.each(BROKEN)('that %s says so in each read', async (_what, text, told) => {
    const source = sourceAt(fileWith(text));

    await expect(source.read(signal)).rejects.toThrow(told);
    await expect(source.read(signal)).rejects.toThrow(told);
  });

  test('that is not there says where it could be', async () => {
    await expect(sourceAt('/nowhere/pond.mjs').read(signal)).rejects.toThrow(
      /ENOENT.*sees neither \/home nor \/tmp. Put it into \/etc\/sensor-gateway\/drivers/,
    );
  });

  test('that everybody can change is not loaded', async () => {
    const file = fileWith('export const createSource = () => ({ read: async () => [] });');
    chmodSync(file, 0o666);
    const directory = join(tempDir(), 'drivers');
    mkdirSync(directory);
    const inOpenDirectory = join(directory, 'a.mjs');
    writeFileSync(inOpenDirectory, '');
    chmodSync(directory, 0o777);

    await expect(sourceAt(file).read(signal)).rejects.toThrow(/everybody: sudo chmod o-w .*driver.mjs/);
    await expect(sourceAt(inOpenDirectory).read(signal)).rejects.toThrow(
      /everybody: sudo chmod o-w .*drivers$/,
    );
  });

  test('is refused a chip that needs longer than its deadline', async () => {
    const path = join(EXAMPLES, 'aht20.mjs');
    const { bus } = createFakeAht20();
    const source = createModuleSource({
      name: 'pond',
      path,
      bus: () => bus,
      clock: systemClock,
      deadlineMs: 100,
    });

    await expect(source.read(signal)).rejects.toThrow(
      'deadline 100ms is not enough for aht20: it takes 120ms',
    );
  });
});

describe('the example of a chip', () => {
  function rig() {
    const clock = createVirtualClock();
    const chip = createFakeAht20();
    const path = join(EXAMPLES, 'aht20.mjs');
    const source = createModuleSource({ name: 'pond', path, bus: () => chip.bus, clock, deadlineMs: 2_000 });
    const read = async () => {
      const reading = source.read(signal);
      reading.catch(() => {});
      // The file is loaded in real time; virtual time must not have passed before it is.
      while (source.statistics?.() === undefined) await settle();
      await clock.advance(500);
      return reading;
    };
    return { chip, source, read };
  }

  test('measures by its data sheet', async () => {
    const { read } = rig();

    expect(await read()).toEqual([
      { sensor: 'pond', metric: 'temperature', unit: 'celsius', value: 25 },
      { sensor: 'pond', metric: 'humidity', unit: 'percent', value: 50 },
    ]);
  });

  test('has all that goes on around a driver: a second try, classes of failures, a new setup after a power loss', async () => {
    const { read, chip, source } = rig();
    chip.garble = true;
    const first = await read();
    chip.losePower();

    const second = await read();

    expect([first.length, second.length]).toEqual([2, 2]);
    expect(source.statistics?.()).toMatchObject({ retries: 2, faults: { checksum: 1, power_lost: 1 } });
  });
});

test('the example of a source that is no chip reads the age of a file', async () => {
  const source = sourceAt(join(EXAMPLES, 'file-age.mjs'));

  const [age] = await source.read(signal);

  expect(age).toMatchObject({ sensor: 'pond', metric: 'age', unit: 'second' });
  expect(age?.value).toBeGreaterThan(0);
});
