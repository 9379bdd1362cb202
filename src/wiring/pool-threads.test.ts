import { expect, test } from 'vitest';
import { poolThreads } from './pool-threads.ts';

test.each([
  [undefined, 4],
  ['8', 8],
  ['0', 1],
  ['-2', 1],
  ['many', 1],
  ['5000', 1_024],
])('UV_THREADPOOL_SIZE=%s means %d threads', (variable, threads) => {
  expect(poolThreads(variable)).toBe(threads);
});
