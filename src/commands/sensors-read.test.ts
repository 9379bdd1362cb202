import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import { exchangeWith, type FakeChip, notAcknowledged } from '../../test/support/chips/fake-chip.ts';
import { createFakeSht4x } from '../../test/support/chips/fake-sht.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { sysfsBoard } from '../../test/support/sysfs-board.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createVirtualClock, INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { createSensorsRead, type ReadDeps } from './sensors-read.ts';

const SOURCES = [
  '- {type: kernel, names: {w1-28-0316a2795e8b: water-tank}}',
  '- {type: sht4x, name: attic}',
  '- {type: simulated, interval: 30s}',
];

/** `sensorctl sensors read` on a board with kernel sensors, and an SHT4x at bus 1 unless it is taken away. */
function readRig(more: { deps?: Partial<ReadDeps>; chips?: readonly FakeChip[]; settings?: string } = {}) {
  const chips = more.chips ?? [createFakeSht4x(() => systemClock.monotonicMs())];
  const rig = commandRig();
  let exchanges = 0;
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, `sources:\n${SOURCES.map((line) => `  ${line}\n`).join('')}${more.settings ?? ''}`);
  rig.environment.SENSORGW_CONFIG = file;
  const { sysDir, procDir } = sysfsBoard('pi4-sensors');
  const command = createSensorsRead({
    clock: systemClock,
    sysDir,
    procDir,
    openWire: () => ({
      async exchange(address, write, readLength) {
        exchanges += 1;
        const chip = chips.find((one) => one.address === address);
        if (chip === undefined) throw notAcknowledged();
        return exchangeWith(chip, write, readLength);
      },
      drop: async () => {},
    }),
    ...more.deps,
  });
  return {
    read: (NAME: string, options = {}) => rig.run(command, { NAME, ...options }),
    exchanges: () => exchanges,
    writeHealth: (sources: readonly object[]) =>
      writeFileSync(
        join(rig.dataDir, 'sensor-main.health.json'),
        JSON.stringify({ pid: process.pid, generated_at: INCIDENT_AT - 1_000, sampling: { sources } }),
      ),
  };
}

const sensorsIn = (lines: readonly string[]) => lines.map((line) => line.split('  ')[1]?.trim());

describe('sensorctl sensors read', () => {
  test('reads a chip through its own driver, with units', async () => {
    const { exitCode, out } = await readRig().read('attic');

    expect(exitCode).toBe(0);
    expect(out[0]).toMatch(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d {2}attic +temperature +24\.499 celsius$/);
    expect(out[1]).toMatch(/attic +humidity +46\.999 percent$/);
  });

  test('shows a calibrated value with what the sensor gave behind it', async () => {
    const settings = 'calibration:\n  - {sensor: attic, metric: temperature, offset: -0.5}\n';
    const { read } = readRig({ settings });

    const { out } = await read('attic');
    const json = (await read('attic', { json: true })).out.map((line) => JSON.parse(line));

    expect(out[0]).toMatch(/attic +temperature +23\.999 celsius \(raw 24\.499\)$/);
    expect(out[1]).toMatch(/attic +humidity +46\.999 percent$/);
    expect(json).toMatchObject([{ value: 23.999, raw: 24.499 }, { metric: 'humidity' }]);
    expect(json[1]).not.toHaveProperty('raw');
  });

  test('reads everything of the kernel, one kind of it, or one sensor by the name that it was given', async () => {
    const { read } = readRig();

    const all = await read('kernel');
    const kind = await read('kernel-iio');
    const sensor = await read('water-tank');

    expect(sensorsIn(all.out)).toEqual(expect.arrayContaining(['disk', 'hwmon-sht4x-1-0044', 'water-tank']));
    expect(new Set(sensorsIn(kind.out)).size).toBe(6);
    expect(sensor.out).toHaveLength(1);
    expect(sensor.out[0]).toContain('21.562 celsius');
  });

  test('says of a sensor that gives nothing what is wrong with it, and exits with 1', async () => {
    const { exitCode, out } = await readRig().read('w1-28-0416b1f2c3ff');

    expect(exitCode).toBe(1);
    expect(out[0]).toContain('loses power');
  });

  test('exits with 1 and says what to look at when a chip does not answer', async () => {
    const { exitCode, out, notes } = await readRig({ chips: [] }).read('attic');

    expect(exitCode).toBe(1);
    expect(out).toEqual([]);
    expect(notes[0]).toMatch(/^attic: /);
  });

  test('does not ask a chip that the running reader talks to, and shows what that one has', async () => {
    const rig = readRig();
    rig.writeHealth([
      {
        name: 'attic',
        lastOkAt: INCIDENT_AT - 4_000,
        failures: 0,
        latest: [{ sensor: 'attic', metric: 'temperature', unit: 'celsius', value: 21.5 }],
      },
    ]);

    const { exitCode, out, notes } = await rig.read('attic');

    expect(exitCode).toBe(0);
    expect(out[0]).toMatch(/:31 {2}attic .*21\.5 celsius$/);
    expect(notes).toEqual(['(attic as the running reader has it, which writes it down every 10 s)']);
    expect(rig.exchanges()).toBe(0);
  });

  test('tells the failure of a chip as the running reader tells it', async () => {
    const rig = readRig();
    rig.writeHealth([
      { name: 'attic', failures: 3, lastFailure: { reason: 'error', message: 'nobody answers' } },
    ]);

    const { exitCode, notes } = await rig.read('attic');

    expect(exitCode).toBe(1);
    expect(notes[0]).toContain('failing (3 times in a row): nobody answers; never answered since the start');
  });

  test('with --watch reads again at the interval of the source', async () => {
    const clock = createVirtualClock();
    const { read } = readRig({ deps: { clock } });

    const watched = read('simulated', { watch: true, rounds: '3', json: true });
    await clock.advance(59_000);
    let ended = false;
    void watched.then(() => {
      ended = true;
    });
    await clock.advance(500);
    const early = ended;
    await clock.advance(1_000);
    const { out } = await watched;

    expect(early).toBe(false);
    const lines = out.map((line) => JSON.parse(line));
    expect(new Set(lines.map(({ sensor, metric }) => `${sensor} ${metric}`)).size * 3).toBe(lines.length);
  });

  test('prints a line of JSON for each value and each failure', async () => {
    const good = await readRig().read('attic', { json: true });
    const dead = await readRig({ chips: [] }).read('attic', { json: true });

    expect(JSON.parse(good.out[0] ?? '')).toMatchObject({
      at: '2026-01-15T16:09:35.000Z',
      source: 'attic',
      sensor: 'attic',
      metric: 'temperature',
      value: expect.closeTo(24.499),
      unit: 'celsius',
    });
    expect(dead.out.map((line) => JSON.parse(line))).toEqual([
      { source: 'attic', failure: expect.any(String) },
    ]);
  });

  test('names what is near a name that nobody has', async () => {
    await expect(readRig().read('atic')).rejects.toMatchObject({
      code: 'SGW_USAGE',
      message: expect.stringContaining('no source named "atic"'),
      hint: expect.stringContaining('attic'),
    });
  });
});
