import { describe, expect, test } from 'vitest';
import { createVirtualClock, INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { createSteadyWall, type WallChange } from './steady-wall.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const VOUCHED = { trusted: true, why: 'NTP' };
const NOT_VOUCHED = { trusted: false, why: 'nobody has answered' };

function rig({ wallMs = INCIDENT_AT, trustedOffsetMs = undefined as number | undefined } = {}) {
  const clock = createVirtualClock({ wallMs, monotonicMs: 50_000 });
  const changes: WallChange[] = [];
  let asleepMs = 0;
  const wall = createSteadyWall({
    clock,
    suspendedMs: () => asleepMs,
    trustedOffsetMs,
    onChange: (change) => changes.push(change),
  });
  return {
    clock,
    wall,
    changes,
    /** The machine sleeps: its wall clock goes on, its monotonic clock does not. */
    suspend(ms: number) {
      asleepMs += ms;
      clock.stepWall(ms);
    },
  };
}

describe('before anybody has vouched for the clock', () => {
  test('a moment has the time of the wall clock, and says that it is not trusted', () => {
    const { wall } = rig();

    expect(wall.moment()).toEqual({ at: INCIDENT_AT, monoMs: 50_000, trusted: false });
  });

  test('a jump is followed, since nobody vouches for either time', () => {
    const { clock, wall, changes } = rig({ wallMs: 12_000 });
    clock.stepWall(INCIDENT_AT);

    expect(wall.moment()).toMatchObject({ at: INCIDENT_AT + 12_000, trusted: false });
    expect(changes).toEqual([{ kind: 'jumped', byMs: INCIDENT_AT }]);
  });

  test('a clock before 1970 gives the first moment that a reading may have', () => {
    const { wall } = rig({ wallMs: -5_000 });

    expect(wall.moment().at).toBe(0);
  });

  test('the first trust says by how much the times so far were early, jumps included', () => {
    const { clock, wall, changes } = rig({ wallMs: 12_000 });
    clock.stepWall(DAY_MS);
    wall.moment();
    clock.stepWall(HOUR_MS);
    wall.judge(VOUCHED);

    expect(changes.at(-1)).toEqual({ kind: 'trusted', byMs: DAY_MS + HOUR_MS });
    expect(wall.moment()).toMatchObject({ at: 12_000 + DAY_MS + HOUR_MS, trusted: true });
  });
});

describe('once somebody has vouched for the clock', () => {
  for (const [way, byMs] of [
    ['forward', 3 * HOUR_MS],
    ['back', -3 * HOUR_MS],
    ['to 1970', 12_000 - INCIDENT_AT],
  ] as const) {
    test(`a jump ${way} that nobody vouches for moves no reading`, async () => {
      const { clock, wall, changes } = rig();
      wall.judge(VOUCHED);
      clock.stepWall(byMs);
      const first = wall.moment();
      wall.judge(NOT_VOUCHED);
      await clock.advance(10_000);

      expect(first).toEqual({ at: INCIDENT_AT, monoMs: 50_000, trusted: true });
      expect(wall.moment()).toEqual({ at: INCIDENT_AT + 10_000, monoMs: 60_000, trusted: true });
      expect(wall.jumpedMs()).toBe(byMs);
      expect(changes.slice(1)).toEqual([{ kind: 'jumped', byMs }]);
    });
  }

  test('a jump that is vouched for is adopted', () => {
    const { clock, wall, changes } = rig();
    wall.judge(VOUCHED);
    clock.stepWall(HOUR_MS);
    wall.moment();
    wall.judge(VOUCHED);

    expect(wall.moment().at).toBe(INCIDENT_AT + HOUR_MS);
    expect(wall.jumpedMs()).toBeUndefined();
    expect(changes.at(-1)).toEqual({ kind: 'stepped', byMs: HOUR_MS });
  });

  test('a clock that comes back is believed again without anybody asked', () => {
    const { clock, wall } = rig();
    wall.judge(VOUCHED);
    clock.stepWall(HOUR_MS);
    wall.moment();
    clock.stepWall(-HOUR_MS);
    wall.moment();

    expect(wall.jumpedMs()).toBeUndefined();
  });

  test('a verdict that is not trust takes none away', () => {
    const { wall } = rig();
    wall.judge(VOUCHED);
    wall.judge(NOT_VOUCHED);

    expect(wall.moment().trusted).toBe(true);
  });

  test('what an earlier run of this boot knew holds against a clock that was moved meanwhile', () => {
    const { wall } = rig({ wallMs: INCIDENT_AT + HOUR_MS, trustedOffsetMs: INCIDENT_AT - 50_000 });

    expect(wall.moment()).toMatchObject({ at: INCIDENT_AT, trusted: true });
    expect(wall.jumpedMs()).toBe(HOUR_MS);
  });
});

describe('sleep of the machine', () => {
  test('is no jump: the time asleep belongs to the time', async () => {
    const { clock, wall, changes, suspend } = rig();
    wall.judge(VOUCHED);
    suspend(2 * HOUR_MS);
    await clock.advance(10_000);

    expect(wall.moment()).toEqual({ at: INCIDENT_AT + 2 * HOUR_MS + 10_000, monoMs: 60_000, trusted: true });
    expect(wall.jumpedMs()).toBeUndefined();
    expect(changes.slice(1)).toEqual([{ kind: 'suspended', byMs: 2 * HOUR_MS }]);
  });

  test('during which the clock was moved as well leaves the move in doubt', () => {
    const { clock, wall, suspend } = rig();
    wall.judge(VOUCHED);
    suspend(2 * HOUR_MS);
    clock.stepWall(HOUR_MS);

    expect(wall.moment().at).toBe(INCIDENT_AT + 2 * HOUR_MS);
    expect(wall.jumpedMs()).toBe(HOUR_MS);
  });
});

test('a busy machine that takes long between two looks at its clocks sees no jump in that', () => {
  let reads = 0;
  const changes: WallChange[] = [];
  let mono = 1_000;
  const wall = createSteadyWall({
    clock: {
      // Every other pair of looks is torn apart by 300 ms.
      monotonicMs: () => {
        reads += 1;
        if (reads % 4 === 2) mono += 300;
        return mono;
      },
      wallMs: () => INCIDENT_AT + mono,
    },
    suspendedMs: () => 0,
    onChange: (change) => changes.push(change),
  });
  for (let i = 0; i < 20; i += 1) wall.moment();

  expect(changes).toEqual([]);
  expect(wall.offsetMs()).toBe(INCIDENT_AT);
});
