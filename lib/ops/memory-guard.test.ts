import { expect, test } from 'vitest';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { createMemoryGuard } from './memory-guard.ts';

const noPulse = { promise() {}, release() {} };

/** A guard with a limit of 100 over a program whose memory a test sets; shedding gives back down to `floor`. */
function setUp() {
  const clock = createVirtualClock();
  const memory = { bytes: 50, floor: 0 };
  const sheds: (readonly [before: number, after: number])[] = [];
  const guard = createMemoryGuard({
    clock,
    pulse: noPulse,
    limitBytes: 100,
    rssBytes: () => memory.bytes,
    shed: () => {
      memory.bytes = Math.min(memory.bytes, Math.max(memory.floor, 0));
    },
    onShed: (before, after) => sheds.push([before, after]),
  });
  let ended: unknown;
  void guard.run().catch((error: unknown) => {
    ended = error;
  });
  return { clock, memory, sheds, ended: () => ended };
}

test('below four fifths of the limit nothing happens', async () => {
  const { clock, memory, sheds, ended } = setUp();

  memory.bytes = 79;
  await clock.advance(3_600_000);

  expect({ sheds, ended: ended() }).toEqual({ sheds: [], ended: undefined });
});

test('from four fifths on it gives back what it can, at most once a minute', async () => {
  const { clock, memory, sheds, ended } = setUp();

  memory.floor = 85;
  memory.bytes = 85;
  await clock.advance(119_000);

  expect(sheds).toEqual([
    [85, 85],
    [85, 85],
  ]);
  expect(ended()).toBeUndefined();
});

test('close to the limit it ends if giving back does not help, and not if it does', async () => {
  const { clock, memory, sheds, ended } = setUp();

  memory.floor = 60;
  memory.bytes = 99;
  await clock.advance(2_000);
  const afterHelp = ended();
  memory.floor = 96;
  memory.bytes = 96;
  await clock.advance(2_000);

  expect(afterHelp).toBeUndefined();
  expect(sheds).toEqual([
    [99, 60],
    [96, 96],
  ]);
  expect(ended()).toMatchObject({ code: 'SGW_MEMORY_LIMIT', exitCode: 75 });
});

test('it says how much there is after giving back, for that is why it ends', async () => {
  const clock = createVirtualClock();
  let mib = 99;
  const guard = createMemoryGuard({
    clock,
    pulse: noPulse,
    limitBytes: 100 * 1_048_576,
    rssBytes: () => mib * 1_048_576,
    shed: () => {
      mib = 96;
    },
    onShed: () => {},
  });

  await expect(guard.run()).rejects.toThrow('the program has 96 MiB of the 100 MiB that it may have');
});
