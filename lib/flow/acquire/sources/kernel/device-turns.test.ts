import { describe, expect, test } from 'vitest';
import { createVirtualClock, settle } from '../../../../../test/support/virtual-clock.ts';
import { createPoolThreads } from '../pool-threads.ts';
import { createDeviceTurns, type Device, type TurnLimits } from './device-turns.ts';

const LIMITS: TurnLimits = { lanes: 1, patienceMs: 1_000, totalMs: 4_500, leastMs: 100 };

/** Devices that take a time, for ever until `mend`ed, or fail; and a note of who was asked, in order. */
function turnsRig(poolThreads?: number) {
  const clock = createVirtualClock();
  const turns = createDeviceTurns({ clock, threads: createPoolThreads({ clock, poolThreads }) });
  const asked: string[] = [];
  const mends = new Map<string, () => void>();
  let underWay = 0;
  let underWayMost = 0;

  const device = (key: string, ms: number, bus = key): Device<string> => ({
    key,
    bus,
    read: async () => {
      asked.push(key);
      underWay += 1;
      underWayMost = Math.max(underWayMost, underWay);
      if (Number.isFinite(ms)) await clock.sleep(key, ms);
      else await new Promise<void>((resolve) => mends.set(key, resolve));
      underWay -= 1;
      return `${key}!`;
    },
  });

  async function round(devices: readonly Device<string>[], limits: Partial<TurnLimits> = {}) {
    const before = asked.length;
    const taken = turns.take(devices, { ...LIMITS, ...limits }, new AbortController().signal);
    taken.catch(() => {});
    await clock.advance(5_000);
    return { answers: await taken, asked: asked.slice(before) };
  }

  return {
    clock,
    turns,
    device,
    round,
    asked,
    most: () => underWayMost,
    async mend(key: string) {
      mends.get(key)?.();
      await settle();
    },
  };
}

describe('devices in turns', () => {
  test('answer in the order in which they were given, as many at once as there are lanes', async () => {
    const { device, round, most } = turnsRig();
    const devices = [device('slow', 300), device('b', 10), device('c', 10), device('d', 10)];

    const { answers } = await round(devices, { lanes: 2 });

    expect(answers).toEqual(['slow!', 'b!', 'c!', 'd!']);
    expect(most()).toBe(2);
  });

  test('one that hangs costs the others nothing, and is not asked again until it has ended', async () => {
    const { device, round, turns, mend } = turnsRig();
    const devices = [device('hangs', Number.POSITIVE_INFINITY), device('b', 10), device('c', 10)];

    const first = await round(devices);
    const second = await round(devices);
    const left = [...turns.leftBehind()];
    await mend('hangs');
    const third = await round(devices);

    expect(first.answers).toEqual([undefined, 'b!', 'c!']);
    expect(second.asked).toEqual(['b', 'c']);
    expect(left).toEqual([['hangs', 'hangs']]);
    expect(third.asked).toEqual(['b', 'c', 'hangs']);
  });

  test('twin: without a patience of its own one that hangs costs the round', async () => {
    const { device, round } = turnsRig();
    const devices = [device('hangs', Number.POSITIVE_INFINITY), device('b', 10)];

    const { answers } = await round(devices, { patienceMs: 10_000, totalMs: 4_500 });

    expect(answers).toEqual([undefined, undefined]);
  });

  test('neighbours on the bus of one that hangs are left alone, since they would hang, too', async () => {
    const { device, round } = turnsRig();
    const devices = [
      device('hangs', Number.POSITIVE_INFINITY, 'i2c-1'),
      device('neighbour', 10, 'i2c-1'),
      device('other', 10, 'i2c-3'),
    ];

    const { asked } = await round(devices);

    expect(asked).toEqual(['hangs', 'other']);
  });

  test('one that is only slow is taken last in the next round, so that its neighbours come first', async () => {
    const { device, round } = turnsRig();
    const devices = [device('slow', 1_200, 'i2c-1'), device('b', 10, 'i2c-1'), device('c', 10, 'i2c-1')];

    const first = await round(devices);
    const second = await round(devices);

    expect(first.answers).toEqual([undefined, undefined, undefined]);
    expect(second.answers).toEqual([undefined, 'b!', 'c!']);
  });

  test('what had no turn for want of time has the first turn of the next round', async () => {
    const { device, round } = turnsRig();
    const devices = Array.from({ length: 8 }, (_, i) => device(`w${i}`, 800));

    const limits = { leastMs: 900 };
    const first = await round(devices, limits);
    const second = await round(devices, limits);

    expect(first.asked).toEqual(['w0', 'w1', 'w2', 'w3', 'w4']);
    expect(second.asked).toEqual(['w5', 'w6', 'w7', 'w0', 'w1']);
  });

  test('when two hang nothing more is begun, and the reason is said, until one of them answers', async () => {
    const { device, round, mend } = turnsRig();
    const endless = Number.POSITIVE_INFINITY;
    const devices = [device('a', endless), device('b', endless), device('c', endless), device('d', 10)];

    const first = await round(devices);
    await expect(round(devices)).rejects.toThrow('a and b hang in their drivers');
    await mend('a');
    const third = await round([device('d', 10), device('b', endless)]);

    expect(first.asked).toEqual(['a', 'b']);
    expect(third.asked).toEqual(['d']);
  });

  test.each([
    [1, 1],
    [4, 2],
    [16, 8],
  ])('of %d threads at most %d are left to devices that hang', async (poolThreads, most) => {
    const { device, round } = turnsRig(poolThreads);
    const devices = Array.from({ length: 20 }, (_, i) => device(`d${i}`, Number.POSITIVE_INFINITY));

    const { asked } = await round(devices, { patienceMs: 100 });

    expect(asked).toHaveLength(most);
  });

  test('an abort is heard at once, and the device in hand is remembered', async () => {
    const { device, turns, clock } = turnsRig();
    const abort = new AbortController();

    const taken = turns.take([device('hangs', Number.POSITIVE_INFINITY)], LIMITS, abort.signal);
    taken.catch(() => {});
    await clock.advance(10);
    abort.abort(new Error('too late'));

    await expect(taken).rejects.toThrow('too late');
    expect([...turns.leftBehind().keys()]).toEqual(['hangs']);
  });

  test('what concerns all devices is thrown', async () => {
    const { turns } = turnsRig();
    const broke: Device<string> = {
      key: 'x',
      bus: 'x',
      read: () => Promise.reject(new Error('EMFILE')),
    };

    await expect(turns.take([broke], LIMITS, new AbortController().signal)).rejects.toThrow('EMFILE');
  });
});
