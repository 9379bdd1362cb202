/** A directory of its own for each test; kept, and its path printed, when the test fails. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-'));
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail') console.error(`kept for inspection: ${dir}`);
    else rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}
