/**
 * Ctrl-C at random moments in every command that writes: whatever it was about to change is as it was or as it should
 * be, and it leaves no half of a file behind.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { openOutboxReadOnly } from '../../lib/flow/outbox/outbox-view.ts';
import { startProgram } from '../support/child-program.ts';
import { prefillOutbox } from '../support/prefilled-outbox.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { type OnTestFinished, tempDir } from '../support/temp-dir.ts';

const ROWS = 5_000;
/** Of each command; the seed is its place in the list. */
const INTERRUPTS = 5;

/** What is typed, with the place that it may write to. */
const COMMANDS: readonly (readonly [name: string, args: (dir: string) => readonly string[]])[] = [
  ['backup create', (dir) => ['--output', join(dir, 'backups')]],
  ['outbox export', (dir) => ['--output', join(dir, 'outbox.ndjson')]],
  ['outbox compact', () => []],
  ['config set', (dir) => ['sampling.interval', '20s', '--config', join(dir, 'config.yaml')]],
];

vi.setConfig({ maxConcurrency: 2 });

test.concurrent.for(COMMANDS.map(([name, args], seed) => [name, args, seed] as const))(
  'Ctrl-C in %s leaves whole files, and nothing half made',
  async ([name, args, seed], { onTestFinished }) => {
    const random = createSeededRandom(seed);
    const outcomes: string[] = [];
    const whole = await interrupted(name, args, undefined, onTestFinished);
    for (let i = 0; i < INTERRUPTS; i += 1) {
      const { outcome } = await interrupted(name, args, random.fraction() * whole.tookMs, onTestFinished);
      outcomes.push(outcome);
    }

    expect(whole.outcome).toBe('0 null');
    // A shell reports the signal as 130. Whoever was done already was not interrupted.
    for (const outcome of outcomes) expect(['0 null', 'null SIGINT']).toContain(outcome);
    expect(outcomes).toContain('null SIGINT');
  },
);

/** Runs it on files of its own, interrupts it after a while, and looks at what is left. */
async function interrupted(
  name: string,
  args: (dir: string) => readonly string[],
  afterMs: number | undefined,
  onTestFinished: OnTestFinished,
) {
  const dir = tempDir(onTestFinished);
  prefillOutbox(dir, ROWS);
  writeFileSync(join(dir, 'config.yaml'), '# Mine.\nsampling:\n  interval: 10s\n');
  const command = [...name.split(' '), ...args(dir)];
  const env = { SENSORGW_DATA_DIR: dir, SENSORGW_RUN_DIR: dir };
  const startedMs = performance.now();
  const program = startProgram('sensorctl', { args: command, env, onTestFinished });
  if (afterMs !== undefined) {
    await pause(afterMs);
    program.kill('SIGINT');
  }
  const { code, signal } = await program.exited;
  const tookMs = performance.now() - startedMs;

  const view = openOutboxReadOnly(join(dir, 'outbox.db'));
  expect(view.stats().rows).toBe(ROWS);
  view.close();
  expect(parse(readFileSync(join(dir, 'config.yaml'), 'utf8'))).toMatchObject({
    sampling: { interval: expect.stringMatching(/^[12]0s$/) },
  });
  const backups = join(dir, 'backups');
  for (const copy of existsSync(backups) ? readdirSync(backups) : []) {
    expect(copy).not.toMatch(/\.part/);
  }
  expect(readdirSync(dir).filter((file) => /\.(part|new|draft)$/.test(file))).toEqual([]);
  return { outcome: `${code} ${signal}`, tookMs };
}
