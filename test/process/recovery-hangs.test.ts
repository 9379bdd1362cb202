/**
 * The recovery script on a machine on which nothing ends any more: systemctl, curl and logger hang. What cuts them off is
 * the real `timeout`, given a fifth of a second here instead of what the script asks for.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';

const SCRIPT = join(import.meta.dirname, '../../monitor_and_recover.sh');
const HANGS = 'exec sleep 600';

test('a run in which every command hangs ends by itself, and says that nothing can be done', () => {
  const dir = tempDir();
  const limits = join(dir, 'limits');
  mkdirSync(join(dir, 'bin'));
  for (const [name, body] of Object.entries({
    systemctl: HANGS,
    curl: HANGS,
    logger: HANGS,
    timeout: `echo "$1" >>${limits}; shift; exec /usr/bin/timeout 0.2 "$@"`,
  })) {
    writeFileSync(join(dir, 'bin', name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(dir, 'bin', name), 0o755);
  }

  const { status, stdout } = spawnSync('bash', [SCRIPT], {
    encoding: 'utf8',
    env: {
      PATH: `${join(dir, 'bin')}:/usr/bin:/bin`,
      RECOVER_RUN_DIR: dir,
      RECOVER_NOTES_DIR: join(dir, 'notes'),
    },
  });

  expect(status).toBe(1);
  expect(stdout.trim().split('\n')).toEqual(
    ['sensor-api-write', 'sensor-main', 'sensor-monitor'].map(
      (unit) => `${unit}.service: systemctl does not answer; nothing can be done from here`,
    ),
  );
  // One for each question and one for each line of the log: together less than the minute until the next run.
  const asked = readFileSync(limits, 'utf8').trim().split('\n');
  expect(asked).toEqual(Array(6).fill('8'));
});
