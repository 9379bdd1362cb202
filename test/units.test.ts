/** The unit files under systemd's own eyes: they parse without a remark, and they expose little. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, type TestContext } from 'vitest';
import { tempDir } from './support/temp-dir.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

it('systemd understands every line of all units', (context) => {
  needsAnalyze(context);

  expect(verify({})).toBe('');
});

it('a misspelt setting in a unit would be found', (context) => {
  needsAnalyze(context);

  expect(verify({ WatchdogSec: 'WatchdogSecs' })).toContain("'WatchdogSecs'");
});

const EXPOSURE_MAX = [
  ['sensor-main', 2.0],
  ['sensor-api-write', 1.5],
  ['sensor-monitor', 1.5],
] as const;
const UNITS = EXPOSURE_MAX.map(([program]) => program);

it.for(EXPOSURE_MAX)('the exposure of %s stays at %f or below', ([program, exposureMax], context) => {
  needsAnalyze(context);
  const file = join(copyUnits({}), `${program}.service`);

  const args = ['security', '--offline=true', `--threshold=${exposureMax * 10}`, '--no-pager', file];
  const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });

  expect(stdout).toContain('Overall exposure level');
  expect(status).toBe(0);
});

function needsAnalyze(context: TestContext): void {
  const found = spawnSync('systemd-analyze', ['--version']).status === 0;
  context.skip(!found, 'systemd-analyze is not installed');
}

/** What `systemd-analyze verify` has to say about the units, after these replacements. */
function verify(replacements: Record<string, string>): string {
  const dir = copyUnits(replacements);
  const files = UNITS.map((program) => join(dir, `${program}.service`));
  return spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' }).stderr;
}

/** Copies whose program exists here: verify looks for it. */
function copyUnits(replacements: Record<string, string>): string {
  const dir = tempDir();
  for (const program of UNITS) {
    let text = readFileSync(join(ROOT, `${program}.service`), 'utf8');
    text = text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true');
    for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(`${from}=`, `${to}=`);
    writeFileSync(join(dir, `${program}.service`), text);
  }
  return dir;
}
