/** TypeScript for a child process that a test starts and kills, compiled in about a second. */

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { compileInto } from './compile.js';

/** Returns a directory that has the compiled file under its own path, and that every user can read. */
export function compileForChild(file: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o755);
  compileInto(dir, [file]);
  return dir;
}
