/** The command line as a shell sees it: real processes, real pipes, exit codes. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createSqliteStore } from '../lib/flow/write-api/store/sqlite-store.ts';
import { compileForChild } from '../test/support/compiled.ts';
import { tempDir } from '../test/support/temp-dir.ts';
import { createTestWorld } from '../test/support/test-world.ts';
import { INCIDENT_AT } from '../test/support/virtual-clock.ts';

const program = () => join(compileForChild('src/sensorctl.ts'), 'src/sensorctl.js');

/** A store with 20,000 readings: 3 MB of JSON, far more than a pipe holds. */
async function largeStore(): Promise<string> {
  const dataDir = tempDir();
  const store = createSqliteStore({ file: join(dataDir, 'store.db'), world: createTestWorld() });
  const series = [{ gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' }];
  for (let lo = 1; lo <= 20_000; lo += 1_000) {
    const rows = Array.from(
      { length: 1_000 },
      (_, i) => [lo + i, 0, INCIDENT_AT + lo + i, 20] as [number, number, number, number],
    );
    await store.ingest([
      {
        stream: 'commandstream',
        gateway: 'attic',
        series,
        rows,
        refused: [],
        gone: [],
        sources: [],
        corrections: [],
      },
    ]);
  }
  await store.close();
  return dataDir;
}

it('answers on the right stream with the right exit code', () => {
  const script = program();
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } });

  expect(run('--version')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^sensorctl \d/),
    stderr: '',
  });
  expect(run('--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('Examples:'),
    stderr: '',
  });
  expect(run('statsu')).toMatchObject({
    status: 64,
    stdout: '',
    stderr: expect.stringContaining('"status"'),
  });
  expect(run('readings', '--data-dir', '/nonexistent')).toMatchObject({
    status: 69,
    stdout: '',
    stderr: expect.stringMatching(
      /^sensorctl: \/nonexistent\/store\.db does not exist\n.*\(SGW_DATABASE_MISSING\)\n$/,
    ),
  });
  expect(run('config', 'check', '--file', '/nonexistent')).toMatchObject({ status: 78, stdout: '' });
});

it('prints everything into a slow pipe, and ends quietly when the reader has seen enough', async () => {
  const [script, dataDir] = [program(), await largeStore()];
  const command = `'${process.execPath}' '${script}' readings --since 2026-01-15T16:00Z --json --data-dir '${dataDir}'`;
  const shell = (line: string) =>
    spawnSync('bash', ['--norc', '-c', `set -o pipefail; ${line}`], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });

  expect(shell(`${command} | wc -l`)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\s*20000\n$/),
  });
  const head = shell(`${command} | head -n 2`);
  expect(head.stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(head).toMatchObject({ status: 0, stderr: '' });
});

it('dies of Ctrl-C, which a shell reports as 130', async () => {
  const [script, dataDir] = [program(), await largeStore()];
  const args = ['readings', '--since', '2026-01-15T16:00Z', '--data-dir', dataDir];
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'readable'); // It is in the middle of more than the pipe holds.

  child.kill('SIGINT');

  expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
});

it('says why what it was asked for cannot be written, as behind a redirection on a full disk', () => {
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(full));

  const { status, stderr } = spawnSync(process.execPath, [program(), '--help'], {
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  });

  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^sensorctl: what there is to say cannot be written: ENOSPC\b.*\n$/),
  });
});
