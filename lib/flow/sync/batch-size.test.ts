import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BATCH_SIZE_MAX,
  BATCH_SIZE_MIN,
  BATCH_SIZE_START,
  type BatchSize,
  grown,
  halved,
} from './batch-size.ts';

const size = fc.record({
  rows: fc.integer({ min: BATCH_SIZE_MIN.rows, max: BATCH_SIZE_MAX.rows }),
  bytes: fc.integer({ min: BATCH_SIZE_MIN.bytes, max: BATCH_SIZE_MAX.bytes }),
});

const isWithinBounds = ({ rows, bytes }: BatchSize) =>
  rows >= 1 && rows <= 4_000 && bytes >= 16_384 && bytes <= 1_048_576;

test('it never leaves its bounds, whatever happens', () => {
  fc.assert(
    fc.property(size, fc.array(fc.tuple(fc.boolean(), size)), (start, events) => {
      let now: BatchSize = start;
      for (const [good, sent] of events) {
        now = good ? grown(now, sent) : halved(now, sent);
        expect(isWithinBounds(now)).toBe(true);
      }
    }),
  );
});

test('it reaches the largest batch in about ten good answers and the smallest in a dozen bad ones', () => {
  let now = BATCH_SIZE_START;
  for (let i = 0; i < 10; i += 1) now = grown(now, now);
  expect(now).toEqual(BATCH_SIZE_MAX);

  for (let i = 0; i < 12; i += 1) now = halved(now, now);
  expect(now).toEqual(BATCH_SIZE_MIN);
});

test('a batch that did not fill it proves nothing, and it stays', () => {
  expect(grown(BATCH_SIZE_START, { rows: 3, bytes: 300 })).toEqual(BATCH_SIZE_START);
});

test('what was too much is not sent again: it halves what was sent, not what would have been allowed', () => {
  expect(halved(BATCH_SIZE_MAX, { rows: 40, bytes: 200_000 })).toEqual({ rows: 20, bytes: 100_000 });
});
