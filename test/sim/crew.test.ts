/** Whoever runs seeds must hear of a worker that dies, and must leave nothing behind, however it ends. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type RunResult, runSeeds, WORKER } from './crew.js';

/** A directory with a worker that does `act` with each `job`. */
function workerThat(act: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-crew-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  const file = join(dir, WORKER.replace(/ts$/, 'js'));
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs';
     const answer = (job, rest) => process.send({ seed: job.seed, problems: [], ...rest });
     process.on('message', (job) => { ${act} });`,
  );
  return dir;
}

const jobs = [1, 2, 3, 4, 5].map((seed) => ({ seed, days: 1 }));

it('every seed is run once, whoever is free', async () => {
  const seeds: number[] = [];

  await runSeeds({ dir: workerThat('answer(job)'), jobs, onResult: ({ seed }) => void seeds.push(seed) });

  expect(seeds.toSorted()).toEqual([1, 2, 3, 4, 5]);
});

it('a worker that dies is a problem of its seed, and of no other', async () => {
  const results: RunResult[] = [];

  await runSeeds({
    dir: workerThat('job.seed === 2 ? process.exit(9) : answer(job)'),
    jobs,
    onResult: (result) => void results.push(result),
  });

  const problems = new Map(results.map(({ seed, problems }) => [seed, problems]));
  expect(problems.get(2)).toEqual(['its process ended with exit code 9']);
  expect([1, 3, 4, 5].map((seed) => problems.get(seed))).toEqual([[], [], [], []]);
});

it('the first result that is enough ends those that would take for ever', async () => {
  const seeds: number[] = [];

  await runSeeds({
    dir: workerThat('if (job.seed === 1) answer(job)'),
    jobs,
    onResult: ({ seed }) => seeds.push(seed) > 0,
  });

  expect(seeds).toEqual([1]);
});

it('whoever calls it off is left with no process and no file', async () => {
  const dir = workerThat(
    "writeFileSync(job.within + '/world', ''); writeFileSync(new URL('../../said', import.meta.url), job.within + ' ' + process.pid); answer(job)",
  );
  const interrupt = new AbortController();

  await runSeeds({
    dir,
    jobs: endless(),
    signal: interrupt.signal,
    onResult: () => interrupt.abort(),
  });

  const [within = '', pid] = readFileSync(join(dir, 'said'), 'utf8').split(' ');
  expect(() => readFileSync(join(within, 'world'))).toThrow('ENOENT');
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
});

function* endless() {
  for (let seed = 1; ; seed += 1) yield { seed, days: 1 };
}
