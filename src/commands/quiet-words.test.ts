import { describe, expect, test } from 'vitest';
import { NO_HEALTH, parseHealth } from '../../lib/ops/health-shape.ts';
import { quietDestination, sourcesInWords } from './quiet-words.ts';

const QUIET = { untilAt: 5_000, untilMono: 7, words: 'until 06:00' };
const state = (name: string, failures = 0, quiet?: typeof QUIET) => ({ name, failures, quiet });

describe('quiet hours in words', () => {
  test.each([
    [[state('a'), state('b')], '2 sources, and all answer'],
    [[state('a'), state('b', 2)], '2 sources, of which just now b did not answer'],
    [[state('a'), state('b', 0, QUIET)], '2 sources, 1 of them quiet until 06:00, and all others answer'],
    [[state('a'), state('b', 9, QUIET)], '2 sources, 1 of them quiet until 06:00, and all others answer'],
    [
      [state('a', 1), state('b', 0, QUIET)],
      '2 sources, 1 of them quiet until 06:00, of which just now a did not answer',
    ],
    [[state('a', 0, QUIET)], '1 source, quiet until 06:00'],
  ])('of %j are "%s"', (states, words) => {
    expect(sourcesInWords(states)).toBe(words);
  });

  test('of a destination are what the running reader says, and of no other reader', () => {
    const text = JSON.stringify({ destinations: [null, { name: 'far', quiet: QUIET }, { name: 'local' }] });
    const health = parseHealth(text) ?? NO_HEALTH;

    expect(quietDestination({ state: 'running', health }, 'far')?.words).toBe('until 06:00');
    expect(quietDestination({ state: 'running', health }, 'local')).toBeUndefined();
    expect(quietDestination({ state: 'silent', health }, 'far')).toBeUndefined();
    expect(quietDestination({ state: 'running', health: NO_HEALTH }, 'far')).toBeUndefined();
  });
});
