/**
 * The simulation as a test: what once found something is run each time, a few weeks that nobody has seen before are
 * run, too, and a seed must be a history, or none of this could be looked at again.
 */

import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileInto } from '../support/compile.js';
import { type Job, type RunResult, runSeeds, WORKER } from './crew.js';

/** What found something once: kept for ever, although a change of the simulation gives each seed another history. */
interface PinnedSeed {
  readonly seed: number;
  readonly days: number;
  readonly found: string;
}

const PINNED: readonly PinnedSeed[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'seeds.json'), 'utf8'),
);
/** Months of it are run by `npm run sim`. */
const FRESH = { seeds: 2, days: 20 };

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
  compileInto(dir, [WORKER]);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function resultsOf(jobs: readonly Job[]): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  await runSeeds({ dir, jobs, onResult: (result) => void results.push(result) });
  return results;
}

/** What was broken, with the command that shows it. */
const brokenIn = (results: readonly RunResult[]) =>
  results
    .filter(({ problems }) => problems.length > 0)
    .map(({ seed, days, problems }) => ({
      problems,
      show: `npm run sim -- --seed ${seed} --days ${days} --trace`,
    }));

describe('a simulated gateway', () => {
  it('keeps its promises with the seeds that once found something', async () => {
    const results = await resultsOf(PINNED);

    expect(brokenIn(results)).toEqual([]);
    expect(results).toHaveLength(PINNED.length);
  });

  it('keeps its promises with seeds that nobody has run before', async () => {
    const from = randomInt(1, 100_000_000);
    console.log(`fresh seeds: ${FRESH.seeds} from ${from}, ${FRESH.days} days each`);

    const results = await resultsOf(
      Array.from({ length: FRESH.seeds }, (_, i) => ({ seed: from + i, days: FRESH.days })),
    );

    expect(brokenIn(results)).toEqual([]);
    expect(results.every(({ audit }) => (audit?.accepted ?? 0) > 0)).toBe(true);
  });

  it('has one history for a seed, and another for another seed', async () => {
    const results = await resultsOf([8, 8, 9].map((seed) => ({ seed, days: 10 })));

    const [first, second, other] = results.toSorted((a, b) => a.seed - b.seed).map(({ trace }) => trace);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(second).toBe(first);
    expect(other).not.toBe(first);
  });
});
