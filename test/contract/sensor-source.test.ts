/** The source contract over every source there is, on the boards of the fixtures and on this machine. */

import { join } from 'node:path';
import { systemClock } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { createChipSource } from '../../lib/flow/acquire/sources/i2c/chip-source.ts';
import { BME280, BMP280 } from '../../lib/flow/acquire/sources/i2c/chips/bme280.ts';
import { createKernelSources } from '../../lib/flow/acquire/sources/kernel/kernel-sources.ts';
import { createSimulatedSource } from '../../lib/flow/acquire/sources/simulated-source.ts';
import { createFakeBme280 } from '../support/fake-bme280.ts';
import { sysfsBoard } from '../support/sysfs-board.ts';
import { createTestWorld } from '../support/test-world.ts';
import { describeSensorSource, inRealTime, inVirtualTime } from './sensor-source.contract.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/sysfs');

/** Where a board of the fixtures has its files; without a board it is this machine. */
function dirsOf(board: string | undefined) {
  if (board === undefined) return {};
  return { procDir: join(FIXTURES, board, 'proc'), sysDir: join(FIXTURES, board, 'sys') };
}

for (const board of ['pi4', 'pc', 'empty', undefined]) {
  const sources = () => createKernelSources({ clock: systemClock, stateDir: FIXTURES, ...dirsOf(board) });
  for (const [index, { name }] of sources().entries()) {
    describeSensorSource(`${name} on ${board ?? 'this machine'}`, {
      create: () => {
        const source = sources()[index];
        if (source === undefined) throw new Error(`no source ${name}`);
        return { source, settle: inRealTime };
      },
      mayBeEmpty: board === 'empty' || board === undefined || /iio|w1/.test(name),
      seriesMayChange: board === undefined,
    });
  }
}

for (const kind of ['hwmon', 'iio', 'w1']) {
  describeSensorSource(`kernel-${kind} on a board with sensors`, {
    create: () => {
      const board = sysfsBoard('pi4-sensors');
      const all = createKernelSources({ clock: systemClock, stateDir: board.dir, ...board });
      const source = all.find(({ name }) => name === `kernel-${kind}`);
      if (source === undefined) throw new Error(`no source ${kind}`);
      return { source, settle: inRealTime };
    },
  });
}

describeSensorSource('simulated', {
  create: () => ({
    source: createSimulatedSource({ clock: systemClock, random: systemRandom }),
    settle: inRealTime,
  }),
});

for (const [driver, id] of [
  [BME280, 0x60],
  [BMP280, 0x58],
] as const) {
  describeSensorSource(`${driver.title} over a fake transport`, {
    create: () => {
      const { clock } = createTestWorld();
      const { bus } = createFakeBme280({ id });
      const source = createChipSource({ driver, name: 'terrarium', bus, clock, deadlineMs: 2_000 });
      return { source, settle: inVirtualTime(clock) };
    },
  });
}
