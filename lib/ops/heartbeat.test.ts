import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import type { Clock } from '../base/clock.ts';
import { createLoop } from '../base/loop.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createLiveness, type OverdueLoop } from './liveness.ts';
import type { Supervisor } from './sd-notify.ts';

function setUp(options: { watchdogMs?: number; late?: number } = {}) {
  const clock = createVirtualClock();
  const starvedClock: Clock = {
    ...clock,
    sleep: (name, ms, signal) => clock.sleep(name, ms + (options.late ?? 0), signal),
  };
  const liveness = createLiveness(clock);
  const said: string[] = [];
  const supervisor: Supervisor = {
    watchdogMs: options.watchdogMs ?? 30_000,
    extendStart: () => {},
    ready: () => said.push('ready'),
    heartbeat: () => said.push('heartbeat'),
    status: () => {},
    stopping: () => said.push('stopping'),
    hangs: false,
  };
  const withheld: (readonly OverdueLoop[])[] = [];
  const heartbeat = createHeartbeat({
    clock: starvedClock,
    liveness,
    supervisor,
    statusLine: () => 'closed',
    onWithheld: (stuck) => withheld.push(stuck),
  });
  return { clock, starvedClock, liveness, said, withheld, heartbeat };
}

test('the heartbeat goes out at least every half of what the watchdog allows', async () => {
  const { clock, said, heartbeat } = setUp({ watchdogMs: 4_000 });

  void heartbeat.run();
  await clock.advance(20_000);
  heartbeat.stop();

  expect(said).toHaveLength(11);
});

test('a loop that sleeps for an hour is alive: it has said when it will move', async () => {
  const { clock, liveness, said, withheld, heartbeat } = setUp();
  const sleeper = createLoop({
    name: 'sleeper',
    clock,
    pulse: liveness,
    turnMaxMs: 1_000,
    turn: async () => clock.monotonicMs() + 3_600_000,
  });

  void sleeper.run();
  void heartbeat.run();
  await clock.advance(7_200_000);
  sleeper.stop();
  heartbeat.stop();

  expect(withheld).toEqual([]);
  expect(said.length).toBeGreaterThan(700);
});

test('a turn that never settles withholds the heartbeat, and the stuck loop is named', async () => {
  const { clock, liveness, said, withheld, heartbeat } = setUp();
  const stuck = createLoop({
    name: 'stuck',
    clock,
    pulse: liveness,
    turnMaxMs: 15_000,
    turn: () => new Promise(() => {}),
  });

  void stuck.run();
  void heartbeat.run();
  await clock.advance(15_000);
  const beatsWhileWithinItsPromise = said.length;
  await clock.advance(120_000);
  heartbeat.stop();

  expect(beatsWhileWithinItsPromise).toBeGreaterThan(0);
  expect(said).toHaveLength(beatsWhileWithinItsPromise);
  expect(withheld.at(-1)?.[0]).toMatchObject({ loop: 'stuck' });
});

test('a bare timer would have gone on beating over the same stuck loop', async () => {
  const { clock, liveness, said } = setUp();
  const stuck = createLoop({
    name: 'stuck',
    clock,
    pulse: liveness,
    turnMaxMs: 15_000,
    turn: () => new Promise(() => {}),
  });
  const bareTimer = createLoop({
    name: 'timer',
    clock,
    pulse: { promise() {}, release() {} },
    turnMaxMs: 1,
    turn: async () => {
      said.push('heartbeat');
      return clock.monotonicMs() + 10_000;
    },
  });

  void stuck.run();
  void bareTimer.run();
  await clock.advance(120_000);
  bareTimer.stop();

  expect(said).toHaveLength(13);
});

describe('in a program that gets so little processor time that everything wakes 15 s late', () => {
  const LATE_MS = 15_000;

  function starved() {
    const made = setUp({ late: LATE_MS, watchdogMs: 60_000 });
    const run = (turn: () => Promise<number>) =>
      createLoop({
        name: 'worker',
        clock: made.starvedClock,
        pulse: made.liveness,
        turnMaxMs: 1_000,
        turn,
      }).run();
    return { ...made, run };
  }

  test('a loop that is no later than the heartbeat is not taken for stuck', async () => {
    const { clock, said, withheld, heartbeat, run } = starved();

    void run(async () => clock.monotonicMs() + 3_000);
    void heartbeat.run();
    await clock.advance(600_000);

    expect(withheld).toEqual([]);
    expect(said.length).toBeGreaterThan(20);
  });

  test('twin: a turn that never settles is found all the same', async () => {
    const { clock, withheld, heartbeat, run } = starved();

    void run(() => new Promise(() => {}));
    void heartbeat.run();
    await clock.advance(60_000);

    expect(withheld.at(-1)?.[0]).toMatchObject({ loop: 'worker' });
  });
});

test('a loop that ended on purpose is not missed', async () => {
  const { clock, liveness } = setUp();
  const loop = createLoop({
    name: 'loop',
    clock,
    pulse: liveness,
    turnMaxMs: 10,
    turn: async () => clock.monotonicMs() + 10,
  });

  const ended = loop.run();
  await clock.advance(25);
  loop.stop();
  await ended;
  await clock.advance(60_000);

  expect(liveness.overdue()).toEqual([]);
});
