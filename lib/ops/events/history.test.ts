import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHistory } from './history.ts';
import { HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX } from './limits.ts';

const reset = (reason: string) => ({ event: 'reset', data: { reason } }) as const;

it('what was added is read behind any place, in order, each once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 }), (count, from) => {
      const history = createHistory('epoch');
      for (let i = 1; i <= count; i += 1) history.add(reset(`${i}`));

      const read: number[] = [];
      for (let entry = history.after(from); entry !== undefined; entry = history.after(entry.number))
        read.push(entry.number);

      expect(read).toEqual(Array.from({ length: Math.max(0, count - from) }, (_, i) => from + 1 + i));
    }),
  );
});

it('the oldest leave when there are too many, and a place among them is known to be lost', () => {
  const history = createHistory('epoch');
  for (let i = 0; i < 3 * HISTORY_EVENTS_MAX + 7; i += 1) history.add(reset(`${i}`));

  const oldest = history.latest() - HISTORY_EVENTS_MAX;

  expect(history.after(oldest)?.number).toBe(oldest + 1);
  expect([history.reaches(oldest), history.reaches(oldest - 1)]).toEqual([true, false]);
  expect(history.place(history.idOf(oldest - 1))).toBeUndefined();
  expect(history.place(history.idOf(oldest))).toBe(oldest);
});

it('long ones take the place of many', () => {
  const history = createHistory('epoch');
  for (let i = 0; i < 100; i += 1) history.add(reset('x'.repeat(100_000)));

  expect(history.bytes).toBeLessThanOrEqual(HISTORY_BYTES_MAX);
  expect(history.reaches(0)).toBe(false);
});

it('what has left is let go of: a history of long ones takes no more memory than it says', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const history = createHistory('epoch');
  const added: WeakRef<object>[] = [];
  for (let i = 0; i < 100; i += 1) {
    const happening = reset('x'.repeat(100_000));
    added.push(new WeakRef(happening));
    history.add(happening);
  }

  // A reference that was just made is held until the end of the turn in hand.
  await setImmediate();
  collect();
  const kept = added.filter((one) => one.deref() !== undefined).length;

  expect(kept).toBeLessThanOrEqual(Math.ceil(HISTORY_BYTES_MAX / 100_000));
  expect(history.latest()).toBe(100);
});

it.each(['other-1', 'epoch', 'epoch-', 'epoch-1x', 'epoch--1', 'epoch-2', '', 'epoch-99999999999999999999'])(
  'the id "%s" is none of ours',
  (id) => {
    const history = createHistory('epoch');
    history.add(reset('one'));

    expect(history.place(id)).toBeUndefined();
  },
);
