import { expect, test } from 'vitest';
import { someReadings } from '../../../test/support/temp-outbox.ts';
import { createRamRing } from './ram-ring.ts';

test('readings come out in the order in which they went in, and stay until they are dropped', () => {
  const ring = createRamRing();
  const readings = someReadings(5);

  ring.push(readings.slice(0, 3), 0);
  ring.push(readings.slice(3), 10_000);

  expect(ring.oldest(4)).toEqual(readings.slice(0, 4));
  expect(ring.oldest(4)).toEqual(readings.slice(0, 4));
  ring.drop(4);
  expect(ring.oldest(4)).toEqual(readings.slice(4));
});

test('the oldest leave first when there are too many, and are handed back', () => {
  const ring = createRamRing({ readingsMax: 4 });
  const readings = someReadings(6);

  expect(ring.push(readings.slice(0, 4), 0)).toEqual([]);
  expect(ring.push(readings.slice(4), 0)).toEqual(readings.slice(0, 2));
  expect(ring.oldest(10)).toEqual(readings.slice(2));
});

test('what is older than the limit leaves, however few there are', () => {
  const ring = createRamRing({ ageMaxMs: 60_000 });
  const readings = someReadings(3);

  ring.push(readings.slice(0, 1), 0);
  ring.push(readings.slice(1, 2), 30_000);

  expect(ring.push(readings.slice(2), 60_001)).toEqual(readings.slice(0, 1));
  expect(ring.size()).toBe(2);
});
