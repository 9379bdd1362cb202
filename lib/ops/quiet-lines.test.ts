import { expect, test } from 'vitest';
import { type QuietEvent, sayOfQuiet } from './quiet-lines.ts';

const began = { type: 'quiet_hours.began', untilAt: 7, words: 'until 06:00' } as const;
const many = Array.from({ length: 12 }, (_, i) => `s${i}`);

test.each<[QuietEvent, string]>([
  [{ ...began, of: 'sampling', names: ['lamp'] }, 'quiet hours until 06:00: not read: sources lamp'],
  [
    { ...began, of: 'sampling', names: many },
    'quiet hours until 06:00: not read: sources s0, s1, s2, s3, s4, s5, s6, s7 and 4 more',
  ],
  [
    { ...began, of: 'delivery', names: ['far'] },
    'quiet hours until 06:00: not delivered to: destinations far',
  ],
  [
    { type: 'quiet_hours.ended', of: 'delivery', names: ['far'] },
    'quiet hours are over: delivered to again: destinations far',
  ],
])('%j is said as "%s"', (event, line) => {
  const said: string[] = [];
  const info = (_fields: object, message: string) => {
    said.push(message);
  };
  const never = () => expect.fail('quiet hours are no trouble');

  sayOfQuiet(event, { debug: never, info, warn: never, error: never });

  expect(said).toEqual([line]);
});
