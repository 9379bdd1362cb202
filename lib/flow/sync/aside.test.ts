import { expect, test } from 'vitest';
import { createAside } from './aside.ts';

const MINUTE = 60_000;

test('a reading is given up at its fifth failure alone, and not before', () => {
  const aside = createAside();

  const givenUp = [1, 2, 3, 4, 5].map((attempt) => aside.failed(7, attempt * MINUTE, attempt * 10));

  expect(givenUp).toEqual([false, false, false, false, true]);
  expect(aside.seqs()).toEqual([]);
});

test('it is not tried again before something else was delivered, however long that takes', () => {
  const aside = createAside();
  aside.failed(7, 0, 100);

  expect(aside.due(500 * MINUTE, 100)).toBeUndefined();
  expect(aside.nextMono(100), 'no time would make it due').toBeUndefined();
  expect(aside.due(500 * MINUTE, 101)).toBe(7);
});

test('it is not tried again within a minute', () => {
  const aside = createAside();
  aside.failed(7, 0, 100);

  expect(aside.due(MINUTE - 1, 200)).toBeUndefined();
  expect(aside.nextMono(200)).toBe(MINUTE);
});

test('there is a limit to how many are set aside', () => {
  const aside = createAside();
  for (let seq = 1; !aside.full; seq += 1) aside.failed(seq, 0, 0);

  expect(aside.seqs()).toEqual([[1, 16]]);
  aside.forget(1);
  expect(aside.full).toBe(false);
});
