/**
 * Goal: whatever the clock of a machine does, every reading ends up once, with its true time as soon as anybody
 * knows it, and marked until then. Method: the whole way from sensor to a real store in virtual time.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { type ClockRig, type Found, startClockRig } from '../support/clock-rig.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A Pi without a battery clock, some seconds after it was switched on. */
const SINCE_1970_MS = 12_000;

/** Every reading that was taken, once. */
function expectEachOnce(rig: ClockRig, found: readonly Found[]): void {
  expect(found.map((one) => one.number)).toEqual(Array.from({ length: rig.taken() }, (_, n) => n));
}

function expectTrue(found: readonly Found[]): void {
  expect(found.filter(({ errorMs }) => Math.abs(errorMs) > 100)).toEqual([]);
  expect(found.filter(({ marked }) => marked)).toEqual([]);
}

const spacings = (found: readonly Found[]) =>
  new Set(found.slice(1).map((one, i) => one.at - (found[i]?.at ?? 0)));

describe('a machine that boots in 1970', () => {
  test('and learns the time after 3 min: nothing was sent before, and everything is right at once', async () => {
    const rig = await startClockRig({ wallMs: SINCE_1970_MS });
    await rig.advance(3 * MINUTE_MS);
    const before = await rig.stored();
    const [status, taken] = [rig.status(), rig.taken()];
    rig.synchronize();
    await rig.advance(MINUTE_MS);

    expect(before).toEqual([]);
    expect(status).toMatchObject({ trusted: false, heldRows: taken });
    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expectTrue(stored);
    expect(spacings(stored)).toEqual(new Set([10_000]));
    expect(rig.events('reading.corrected')).toEqual([]);
  });

  test('as its twin without a steady clock would have it: what was sent is 56 years old for ever', async () => {
    const rig = await startClockRig({ wallMs: SINCE_1970_MS, naive: true });
    await rig.advance(3 * MINUTE_MS);
    rig.synchronize();
    await rig.advance(MINUTE_MS);

    expect((await rig.stored()).filter(({ errorMs }) => errorMs < -HOUR_MS)).toHaveLength(19);
  });

  test('and learns the time after the hold: what was sent with a mark is corrected in the store', async () => {
    const rig = await startClockRig({ wallMs: SINCE_1970_MS });
    await rig.advance(20 * MINUTE_MS);
    const before = await rig.stored();
    rig.synchronize();
    await rig.advance(MINUTE_MS);

    expect(before.length).toBeGreaterThan(100);
    expect(before.every(({ marked }) => marked)).toBe(true);
    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expectTrue(stored);
    expect(spacings(stored)).toEqual(new Set([10_000]));
  });

  test('and never learns the time: readings go after the hold, with a mark, for ever', async () => {
    const rig = await startClockRig({ wallMs: SINCE_1970_MS });
    await rig.advance(2 * HOUR_MS);

    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expect(stored.every(({ marked }) => marked)).toBe(true);
    expect(spacings(stored)).toEqual(new Set([10_000]));
    expect(rig.events('clock.untrusted')).toHaveLength(1);
  });

  test('with a hold of nothing does not wait, and corrects later', async () => {
    const rig = await startClockRig({ wallMs: SINCE_1970_MS, holdMs: 0 });
    await rig.advance(MINUTE_MS);
    const before = await rig.stored();
    rig.synchronize();
    await rig.advance(MINUTE_MS);

    expect(before.length).toBeGreaterThan(4);
    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expectTrue(stored);
  });
});

describe('a reader that is restarted in a boot without trust', () => {
  test('mends what the run before it has left, and what that has sent', async () => {
    const rig = await startClockRig({ wallMs: SINCE_1970_MS });
    await rig.advance(10 * MINUTE_MS);
    rig.online(false);
    await rig.advance(5 * MINUTE_MS);
    await rig.restart();
    await rig.advance(MINUTE_MS);
    rig.synchronize();
    await rig.advance(MINUTE_MS);
    const between = await rig.waiting();
    rig.online(true);
    await rig.advance(5 * MINUTE_MS);

    expect(between.length).toBeGreaterThan(30);
    expectTrue(between);
    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expectTrue(stored);
  });

  test('before it could tell the destination, tells it', async () => {
    const rig = await startClockRig({ wallMs: SINCE_1970_MS });
    await rig.advance(10 * MINUTE_MS);
    rig.online(false);
    rig.synchronize();
    await rig.advance(MINUTE_MS);
    await rig.restart();
    rig.online(true);
    await rig.advance(5 * MINUTE_MS);

    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expectTrue(stored);
  });
});

test('an answer that is lost as the clock becomes trusted leaves no reading with the wrong time', async () => {
  const rig = await startClockRig({ wallMs: SINCE_1970_MS });
  await rig.advance(10 * MINUTE_MS);
  rig.loseReplies(2);
  await rig.advance(20_000);
  rig.synchronize();
  await rig.advance(5 * MINUTE_MS);

  const stored = await rig.stored();
  expectEachOnce(rig, stored);
  expectTrue(stored);
});

describe('a clock that is moved by five milliseconds in each round', () => {
  /** As a service does that slews the wall clock alone, as fast as the kernel allows: 500 parts in a million. */
  async function slew(rig: ClockRig, rounds: number, vouched: boolean): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      await rig.advance(10_000);
      rig.jump(5);
      rig.vouch(vouched);
    }
    await rig.advance(MINUTE_MS);
  }

  test('and vouched for is followed to a tenth of a second, in order, and no round is missed', async () => {
    const rig = await startClockRig();
    rig.vouch(true);
    await slew(rig, 360, true);

    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    for (const { number, errorMs } of stored) {
      const wallErrorMs = 5 * Math.min(number, 360);
      expect(Math.abs(errorMs - wallErrorMs)).toBeLessThanOrEqual(110);
    }
    for (const spacing of spacings(stored)) expect(Math.abs(spacing - 10_000)).toBeLessThanOrEqual(110);
    expect(rig.events('clock.doubted')).toEqual([]);
  });

  test('and vouched for by nobody moves no reading, and is said a few times', async () => {
    const rig = await startClockRig();
    rig.vouch(true);
    await rig.advance(MINUTE_MS);
    await slew(rig, 360, false);

    const found = [...(await rig.stored()), ...(await rig.waiting())];
    expectEachOnce(rig, found);
    expectTrue(found);
    expect(spacings(found)).toEqual(new Set([10_000]));
    expect(rig.status().jumpedMs).toBe(1_800);
    // 100 ms, and each time that it has doubled.
    expect(rig.events('clock.doubted')).toHaveLength(5);
  });

  test('as its twin without a steady clock would have it: readings that nobody vouches for', async () => {
    const rig = await startClockRig({ naive: true });
    rig.vouch(true);
    await slew(rig, 360, false);

    expect((await rig.stored()).some(({ errorMs }) => errorMs > 1_000)).toBe(true);
  });
});

describe('jumps of a clock that was trusted', () => {
  for (const hours of [3, -3, 48, -48]) {
    test(`by ${hours} h that nobody vouches for move no reading`, async () => {
      const rig = await startClockRig();
      rig.vouch(true);
      await rig.advance(MINUTE_MS);
      rig.jump(hours * HOUR_MS);
      await rig.advance(10 * MINUTE_MS);
      const doubted = rig.status().jumpedMs;
      rig.synchronize();
      await rig.advance(10 * MINUTE_MS);

      const found = [...(await rig.stored()), ...(await rig.waiting())];
      expectEachOnce(rig, found);
      expectTrue(found);
      expect(spacings(found)).toEqual(new Set([10_000]));
      expect(doubted).toBe(hours * HOUR_MS);
      expect(rig.events('clock.doubted')).toHaveLength(1);
      expect(rig.status().jumpedMs).toBe(0);
    });
  }

  test('as their twin without a steady clock would have them: readings of tomorrow', async () => {
    const rig = await startClockRig({ naive: true });
    rig.vouch(true);
    await rig.advance(MINUTE_MS);
    rig.jump(3 * HOUR_MS);
    await rig.advance(10 * MINUTE_MS);

    expect((await rig.stored()).some(({ errorMs }) => errorMs > HOUR_MS)).toBe(true);
  });

  test('that a time service vouches for are followed, and nothing older is touched', async () => {
    const rig = await startClockRig({ wallMs: Date.UTC(2026, 0, 15, 15, 9, 35) });
    rig.vouch(true);
    await rig.advance(MINUTE_MS);
    rig.synchronize();
    await rig.advance(MINUTE_MS);

    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expect(stored[0]?.errorMs).toBe(-HOUR_MS);
    expect(stored.at(-1)?.errorMs).toBe(0);
    expect(stored.every(({ marked }) => !marked)).toBe(true);
    expect(rig.events('clock.stepped')).toHaveLength(1);
  });

  test('are remembered by a reader that is restarted after one', async () => {
    const rig = await startClockRig();
    rig.vouch(true);
    await rig.advance(MINUTE_MS);
    rig.jump(3 * HOUR_MS);
    await rig.restart();
    await rig.advance(MINUTE_MS);

    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expectTrue(stored);
  });
});

describe('sleep of the machine for 2 h', () => {
  test('with a trusted clock costs no reading and moves none', async () => {
    const rig = await startClockRig();
    rig.vouch(true);
    await rig.advance(MINUTE_MS);
    rig.suspend(2 * HOUR_MS);
    await rig.advance(MINUTE_MS);

    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expectTrue(stored);
    expect(spacings(stored)).toEqual(new Set([10_000, 2 * HOUR_MS + 10_000]));
    expect(rig.events('clock.suspended')).toHaveLength(1);
    expect(rig.events('clock.doubted')).toEqual([]);
  });

  test('before trust: what is older keeps its mark, and is not mended by a time that it cannot know', async () => {
    const rig = await startClockRig({ wallMs: SINCE_1970_MS });
    await rig.advance(MINUTE_MS);
    const older = rig.taken();
    rig.suspend(2 * HOUR_MS);
    await rig.advance(MINUTE_MS);
    rig.synchronize();
    await rig.advance(MINUTE_MS);

    const stored = await rig.stored();
    expectEachOnce(rig, stored);
    expect(stored.slice(0, older).every(({ marked }) => marked)).toBe(true);
    expectTrue(stored.slice(older));
  });
});

describe('summer time', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  for (const [name, at] of [
    ['begins', Date.UTC(2026, 2, 29, 0, 59)],
    ['ends', Date.UTC(2026, 9, 25, 0, 59)],
  ] as const) {
    test(`that ${name}, and another time zone, change nothing: times are UTC`, async () => {
      process.env.TZ = 'Europe/Berlin';
      const rig = await startClockRig({ wallMs: at });
      rig.vouch(true);
      await rig.advance(MINUTE_MS);
      process.env.TZ = 'America/New_York';
      await rig.advance(MINUTE_MS);

      const stored = await rig.stored();
      expectEachOnce(rig, stored);
      expect(spacings(stored)).toEqual(new Set([10_000]));
      expect(stored[0]?.at).toBe(at);
      expect(rig.events('clock.doubted')).toEqual([]);
    });
  }
});
