import { expect, test } from 'vitest';
import { createVirtualClock, settle } from '../../test/support/virtual-clock.ts';
import { createLoop, type Pulse } from './loop.ts';

const noPulse: Pulse = { promise() {}, release() {} };

test('a turn is followed by a sleep until the moment it asked for', async () => {
  const clock = createVirtualClock();
  const turns: number[] = [];
  const loop = createLoop({
    name: 'loop',
    clock,
    pulse: noPulse,
    turnMaxMs: 10,
    turn: async () => {
      turns.push(clock.monotonicMs());
      return clock.monotonicMs() + 1_000;
    },
  });

  const ended = loop.run();
  await clock.advance(3_500);
  loop.stop();
  await ended;

  expect(turns).toEqual([0, 1_000, 2_000, 3_000]);
  expect(clock.sleepers()).toEqual([]);
});

test('a nudge ends the sleep at once', async () => {
  const clock = createVirtualClock();
  let turns = 0;
  const loop = createLoop({
    name: 'loop',
    clock,
    pulse: noPulse,
    turnMaxMs: 10,
    turn: async () => {
      turns += 1;
      return clock.monotonicMs() + 60_000;
    },
  });

  const ended = loop.run();
  await settle();
  loop.nudge();
  await settle();
  loop.stop();
  await ended;

  expect(turns).toBe(2);
});

test('nudges during a turn cause one more turn, never a second one at the same time', async () => {
  const clock = createVirtualClock();
  let running = 0;
  let most = 0;
  let turns = 0;
  const loop = createLoop({
    name: 'loop',
    clock,
    pulse: noPulse,
    turnMaxMs: 1_000,
    turn: async () => {
      running += 1;
      turns += 1;
      most = Math.max(most, running);
      await clock.sleep('work', 100);
      running -= 1;
      return clock.monotonicMs() + 60_000;
    },
  });

  const ended = loop.run();
  await settle();
  for (let i = 0; i < 5; i += 1) loop.nudge();
  await clock.advance(1_000);
  loop.stop();
  await ended;

  expect({ most, turns }).toEqual({ most: 1, turns: 2 });
});

test('what a turn throws ends the loop and reaches whoever awaits it', async () => {
  const clock = createVirtualClock();
  const released: string[] = [];
  const loop = createLoop({
    name: 'loop',
    clock,
    pulse: { promise() {}, release: (name) => released.push(name) },
    turnMaxMs: 10,
    turn: () => Promise.reject(new Error('a bug')),
  });

  await expect(loop.run()).rejects.toThrow('a bug');
  expect(released).toEqual(['loop']);
});

test('stop lets the turn in hand finish and tells it to hurry', async () => {
  const clock = createVirtualClock();
  const seen: string[] = [];
  const loop = createLoop({
    name: 'loop',
    clock,
    pulse: noPulse,
    turnMaxMs: 10_000,
    turn: async (stopping) => {
      await clock.sleep('work', 5_000, stopping);
      seen.push(stopping.aborted ? 'hurried' : 'finished');
      return clock.monotonicMs();
    },
  });

  const ended = loop.run();
  await settle();
  loop.stop();
  await ended;

  expect(seen).toEqual(['hurried']);
});
