/**
 * What the simulation is worth: each planted mistake is found, within 200 seeds, and by the rule that it breaks; and
 * the seed that finds it has nothing to say against the program as it is.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MUTANTS } from './mutants.ts';
import { copyTree, firstToFind } from './mutation.js';

const SEEDS_MAX = 200;
const DAYS = 60;
/** A seed in seconds; most mistakes are found by one of the first. */
const HUNT_MAX_MS = 60 * 60_000;

let dir = '';
let tree: ReturnType<typeof copyTree>;
let honest = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sensorgw-mutants-'));
  tree = copyTree(dir);
  honest = tree.compiled();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the simulation finds a program that', () => {
  it.for(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s',
    { timeout: HUNT_MAX_MS },
    async ([name, mutant]) => {
      const seeds = [...new Set([mutant.seed, ...Array.from({ length: SEEDS_MAX }, (_, i) => i + 1)])];

      const find = await firstToFind(tree.compiled(mutant), seeds.slice(0, SEEDS_MAX), DAYS);

      const { seed = 0, problems = [] } = find?.by ?? {};
      console.log(`${name}: seed ${seed}, after ${find?.tried} seeds: ${problems[0]}`);
      expect(problems[0]).toMatch(mutant.rule);
      expect(await firstToFind(honest, [seed], DAYS)).toBeUndefined();
    },
  );
});
