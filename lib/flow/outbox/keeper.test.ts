import { describe, expect, it } from 'vitest';
import { someReadings } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Reading } from '../reading.ts';
import type { Ballast } from './ballast.ts';
import { createKeeper } from './keeper.ts';
import { createRamRing } from './ram-ring.ts';

const NO_BALLAST: Ballast = { spendIfFull: (write) => write(), grow() {} };

/** An append that fails on order: the real disk is in test/faults. */
function rig(readingsMax = 100) {
  const world = createTestWorld();
  const appended: Reading[] = [];
  const disk: { error: Error | undefined } = { error: undefined };
  const keeper = createKeeper({
    outbox: {
      append(readings) {
        if (disk.error !== undefined) throw disk.error;
        if (readings.some((one) => one.value === -1)) throw new GatewayError('SGW_READING_INVALID', 'no');
        appended.push(...readings);
        return { stream: 's', lo: 1, hi: 1 };
      },
    },
    ballast: NO_BALLAST,
    world,
    ring: createRamRing({ readingsMax }),
  });
  const events = (type: string) => world.recorder.events.filter((event) => event.type === type);
  return { keeper, appended, disk, events, world };
}

const failing = (code: string) => Object.assign(new Error(`the disk says ${code}`), { code });

describe('a keeper', () => {
  it.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_READONLY', 'SQLITE_BUSY'])(
    'holds rounds through %s and writes them in order when the disk is back',
    (code) => {
      const { keeper, appended, disk, events } = rig();
      const readings = someReadings(6);

      disk.error = failing(code);
      const [first, second] = [keeper.keep(readings.slice(0, 2)), keeper.keep(readings.slice(2, 4))];
      disk.error = undefined;
      const third = keeper.keep(readings.slice(4));

      expect([first, second, third]).toEqual([false, false, true]);
      expect(appended).toEqual(readings);
      expect(events('outbox.held')).toMatchObject([
        { held: 2, code },
        { held: 4, code },
      ]);
      expect(events('outbox.released')).toMatchObject([{ readings: 4 }]);
    },
  );

  it('names what memory has no place for', () => {
    const { keeper, appended, disk, events } = rig(3);
    const readings = someReadings(6);

    disk.error = failing('SQLITE_FULL');
    keeper.keep(readings.slice(0, 3));
    keeper.keep(readings.slice(3, 5));
    disk.error = undefined;
    keeper.keep(readings.slice(5));

    expect(appended).toEqual(readings.slice(2));
    expect(events('reading.dropped')).toMatchObject([
      { readings: 2, oldestAt: readings[0]?.at, newestAt: readings[1]?.at },
    ]);
  });

  it('throws what is not the fault of the disk, and holds nothing for it', () => {
    const { keeper, disk, events } = rig();

    disk.error = new Error('a bug');

    expect(() => keeper.keep(someReadings(1))).toThrow('a bug');
    expect(events('outbox.held')).toEqual([]);
  });

  it('a held reading that the outbox refuses does not keep the others back', () => {
    const { keeper, appended, disk, events } = rig();
    const readings = someReadings(9).map((one, i) => (i === 4 ? { ...one, value: -1 } : one));

    disk.error = failing('SQLITE_FULL');
    keeper.keep(readings.slice(0, 8));
    disk.error = undefined;
    keeper.keep(readings.slice(8));

    expect(appended).toEqual(readings.filter((_, i) => i !== 4));
    expect(events('reading.dropped')).toMatchObject([{ readings: 1, oldestAt: readings[4]?.at }]);
  });

  it('tries once more when it ends, and names what is lost', () => {
    const lucky = rig();
    const unlucky = rig();
    const damaged = rig();
    for (const { keeper, disk } of [lucky, unlucky, damaged]) {
      disk.error = failing('SQLITE_FULL');
      keeper.keep(someReadings(2));
    }

    lucky.disk.error = undefined;
    damaged.disk.error = failing('SQLITE_CORRUPT');
    for (const { keeper } of [lucky, unlucky, damaged]) keeper.close();

    expect(lucky.appended).toEqual(someReadings(2));
    expect(lucky.events('reading.dropped')).toEqual([]);
    for (const { events } of [unlucky, damaged])
      expect(events('reading.dropped')).toMatchObject([{ readings: 2 }]);
  });
});
