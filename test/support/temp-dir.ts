/**
 * A directory of its own for each test; kept, and its path printed, when the test fails. A test that runs
 * beside others hands in its own `onTestFinished`: the global one belongs to whichever test began last.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export type OnTestFinished = typeof onTestFinished;

export function tempDir(finished: OnTestFinished = onTestFinished): string {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-'));
  finished(({ task }) => {
    if (task.result?.state === 'fail') console.error(`kept for inspection: ${dir}`);
    else rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}
