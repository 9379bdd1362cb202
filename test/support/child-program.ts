/**
 * A built program as a child process of a test, as its users run it. Whatever still runs when the test
 * ends is killed, and says its last lines if the test failed.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Child, type Line, startChild } from './child.ts';
import type { OnTestFinished } from './temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');

export type { Line };
export type ChildProgram = Child;

export interface SpawnOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of a test that runs beside others. */
  readonly onTestFinished?: OnTestFinished;
}

/** Runs `dist/src/<name>.js` with no SENSORGW_* and no notify variables but those given. */
export function startProgram(name: string, options: SpawnOptions = {}): ChildProgram {
  const script = join(ROOT, 'dist/src', `${name}.js`);
  if (!existsSync(script)) throw new Error(`${script} is missing: npm run build`);
  return startCommand(
    process.execPath,
    [script, ...(options.args ?? [])],
    options.env,
    options.onTestFinished,
  );
}

export function startCommand(
  command: string,
  args: readonly string[],
  env: SpawnOptions['env'] = {},
  finished: OnTestFinished = onTestFinished,
): ChildProgram {
  const child = startChild(command, args, { cwd: ROOT, env });
  finished(({ task }) => {
    if (task.result?.state === 'fail') console.error(child.lastWords());
    child.kill('SIGKILL');
  });
  return child;
}
