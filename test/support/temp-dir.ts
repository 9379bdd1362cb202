/**
 * A directory of its own for each test; kept, and its path printed, when the test fails. A test that runs
 * beside others hands in its own `onTestFinished`: the global one belongs to whichever test began last.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { codeOf } from '../../lib/base/errors.ts';

export type OnTestFinished = typeof onTestFinished;

export function tempDir(finished: OnTestFinished = onTestFinished, within = tmpdir()): string {
  const dir = mkdtempSync(join(within, 'sensorgw-'));
  finished(({ task }) => {
    if (task.result?.state === 'fail') console.error(`kept for inspection: ${dir}`);
    else removeDir(dir);
  });
  return dir;
}

/** A program on its way out may write something into it meanwhile, which Node's own retries never look for. */
const REMOVALS_MAX = 200;

export function removeDir(dir: string): void {
  for (let removal = 1; ; removal += 1) {
    try {
      rmSync(dir, { recursive: true, force: true });
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOTEMPTY' || removal === REMOVALS_MAX) throw error;
    }
  }
}
