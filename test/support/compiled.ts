/** TypeScript for a child process that a test starts and kills. */

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { compileInto } from './compile.js';

/** File -> where it lies compiled, for all tests of a file. */
const compiled = new Map<string, string>();
afterAll(() => {
  for (const dir of compiled.values()) rmSync(dir, { recursive: true, force: true });
});

/** Returns a directory that has the compiled file under its own path, and that every user can read. Nobody writes there. */
export function compileForChild(file: string): string {
  const known = compiled.get(file);
  if (known !== undefined) return known;
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
  compiled.set(file, dir);
  chmodSync(dir, 0o755);
  compileInto(dir, [file]);
  return dir;
}
