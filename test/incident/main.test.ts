import { expect, test } from 'vitest';
import { readOptions } from './main.ts';

test('without arguments everything runs ten times faster, and the outage lasts five minutes of the incident', () => {
  expect(readOptions([])).toMatchObject({ outageMs: 300_000, scale: 10, json: false });
});

test.each([
  ['--outage', 'long', /--outage must be from 10 to 3600 seconds, not "long"/],
  ['--outage', '1', /--outage must be/],
  ['--scale', '20', /--scale must be from 1 to 10, not "20"/],
  ['--speed', '3', /--speed/],
])('%s %s is refused in words', (option, value, words) => {
  expect(readOptions([option, value])).toMatch(words);
});
