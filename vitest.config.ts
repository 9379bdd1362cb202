import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['lib/**/*.test.ts', 'src/**/*.test.ts', 'test/**/*.test.ts'],
    // Two cores are what we promise to be happy with; more workers only make timings worse there.
    maxWorkers: 2,
    // For tests that would never end; on a busy machine an honest one may take many times its usual seconds.
    testTimeout: 480_000,
    hookTimeout: 480_000,
  },
});
