// @ts-check
/**
 * A copy of this tree in which one mistake has been planted, compiled, and the seeds that find it. Plain JavaScript,
 * as all that starts workers.
 */

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compileInto } from '../support/compile.js';
import { runSeeds, WORKER } from './crew.js';

/**
 * @typedef {import('./mutants.ts').Mutant} Mutant
 * @typedef {import('./run-seed.ts').RunResult} RunResult
 * @typedef {object} Find
 * @property {RunResult} by  What has found it.
 * @property {number} tried  Seeds that were run before it was found.
 */

const ROOT = resolve(import.meta.dirname, '../..');
/** All that the simulation is made of. */
const PARTS = ['lib', 'src', 'test/sim', 'test/support', 'package.json', 'tsconfig.json'];

/** How often the text that a mutant changes stands in its file. */
export function fitsIn(/** @type {Mutant} */ { file, find }, root = ROOT) {
  return readFileSync(join(root, file), 'utf8').split(find).length - 1;
}

/**
 * Copies this tree, and gives back what compiles it with one mistake at a time, or with none.
 * @param {string} dir  An empty directory.
 */
export function copyTree(dir) {
  const root = join(dir, 'tree');
  for (const part of PARTS) cpSync(join(ROOT, part), join(root, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  let made = 0;
  return {
    /** @param {Mutant} [mutant] */
    compiled(mutant) {
      made += 1;
      const into = join(dir, `compiled-${made}`);
      mkdirSync(into);
      if (mutant === undefined) {
        compileInto(into, [WORKER], root);
        return into;
      }
      const path = join(root, mutant.file);
      const text = readFileSync(path, 'utf8');
      if (fitsIn(mutant, root) !== 1)
        throw new Error(`${mutant.file} has changed: "${mutant.find}" does not stand in it once`);
      writeFileSync(
        path,
        text.replace(mutant.find, () => mutant.replace),
      );
      try {
        compileInto(into, [WORKER], root);
      } finally {
        writeFileSync(path, text);
      }
      return into;
    },
  };
}

/**
 * The first of the seeds that breaks a promise with the program that lies in `dir`; `undefined` if none does.
 * @param {string} dir
 * @param {readonly number[]} seeds
 * @param {number} days
 * @returns {Promise<Find | undefined>}
 */
export async function firstToFind(dir, seeds, days) {
  /** @type {Find | undefined} */
  let found;
  let tried = 0;
  await runSeeds({
    dir,
    jobs: seeds.map((seed) => ({ seed, days, untilProblem: true })),
    onResult(by) {
      tried += 1;
      if (by.problems.length === 0) return false;
      found ??= { by, tried };
      return true;
    },
  });
  return found;
}
