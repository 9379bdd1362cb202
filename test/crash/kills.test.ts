/**
 * SIGKILL at random instants under load, with the built programs: what `append` has acknowledged is never
 * lost, and never stored twice. Two gateways at a time, each on the same files for all of its kills.
 *
 *   npm run test:crash -- --kills 2000 --seed 7
 */

import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startChild } from '../support/child.ts';
import type { ChildProgram } from '../support/child-program.ts';
import { createGateway } from '../support/gateway.ts';
import { planKills } from './kill-plan.ts';
import { createKilledGateway, type KilledGateway, type Start } from './killed-gateway.ts';
import { KILLS, SEED } from './settings.ts';

const ROOT = join(import.meta.dirname, '../..');

/** On the same files, before all is looked through. */
const KILLS_EACH = 25;
const LIVES = Math.ceil(KILLS / KILLS_EACH);

/** Each with the kills of its gateways: two at a time, so that four programs share two cores. */
const PAIRS = Array.from({ length: Math.ceil(LIVES / 2) }, (_, pair) => {
  const lives = [2 * pair, 2 * pair + 1].filter((life) => life < LIVES);
  return { name: `seeds ${lives.map((life) => SEED + life).join(' and ')}`, lives };
});

const started = Date.now();
let done = 0;

test.for(PAIRS.map((pair) => [pair.name, pair.lives] as const))(
  'gateways killed at random instants account for every reading they accepted, %s',
  { timeout: 300_000 },
  async ([, lives]) => {
    await Promise.all(lives.map(live));
  },
);

async function live(life: number): Promise<void> {
  const kills = Math.min(KILLS_EACH, KILLS - life * KILLS_EACH);
  const gateway = await createGateway();
  const crashed = createKilledGateway(gateway, starter());

  await crashed.run(planKills(SEED + life, kills));
  expectKept(crashed, life);
  await crashed.finish();
  const { accepted, stored, buried, gone, compared } = expectKept(crashed, life);

  // A kill is no reason to bury or to give up anything, and this run is over: all of it is in the store.
  expect({ stored, buried, gone }).toEqual({ stored: accepted, buried: 0, gone: 0 });
  expect(accepted).toBeGreaterThan(0);
  done += kills;
  const seconds = Math.round((Date.now() - started) / 1_000);
  console.log(
    `${done} of ${KILLS} kills in ${seconds} s; seed ${SEED + life}: ${accepted} accepted, ${stored} stored once, ${compared} compared`,
  );
}

function expectKept(crashed: KilledGateway, life: number) {
  const found = crashed.audit();
  expect(found.problems, `seed ${SEED + life}`).toEqual([]);
  return found;
}

/** Starts programs of one gateway; whatever still runs when the test ends is killed, and has its say. */
function starter(): Start {
  const alive = new Set<ChildProgram>();
  onTestFinished(({ task }) => {
    for (const child of alive) {
      if (task.result?.state === 'fail') console.error(child.lastWords());
      child.kill('SIGKILL');
    }
  });
  return (name, env) => {
    const child = startChild(process.execPath, [join(ROOT, 'dist/src', `${name}.js`)], { cwd: ROOT, env });
    alive.add(child);
    void child.exited.then(() => alive.delete(child));
    return child;
  };
}
