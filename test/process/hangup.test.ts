/**
 * Somebody asks a program that runs as a service to read its configuration anew (SIGHUP), and the configuration is
 * wrong. It goes on with what it has read at its start; what is wrong is said by whoever looks at the file.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand, startProgram } from '../support/child-program.ts';
import { createGateway, isAppended } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const LISTENER = join(ROOT, 'test/support/notify-listener.py');
const ROUNDS = 2;

test('a service with a wrong new configuration keeps its old one at SIGHUP, and the check names the line', async (context) => {
  if (!existsSync(join(ROOT, 'node_modules/sd-notify/build')))
    context.skip('the sd-notify addon is not built');
  const socket = join(tempDir(), 'notify');
  const systemd = startCommand('python3', [LISTENER, socket]);
  await systemd.line((line) => line.text === 'LISTENING');
  const gateway = await createGateway();
  const file = join(gateway.dir, 'config.yaml');
  writeFileSync(file, 'log:\n  rounds: hourly\n');
  const reader = await gateway.startReader({ NOTIFY_SOCKET: socket, SENSORGW_CONFIG: file });
  await reader.line(isAppended);

  writeFileSync(file, 'log:\n  rounds: seldom\n');
  reader.kill('SIGHUP');
  await reader.line(({ msg }) => String(msg).startsWith('SIGHUP changes nothing'));
  await reader.count(isAppended, reader.lines.filter(isAppended).length + ROUNDS);
  const check = startProgram('sensorctl', { args: ['config', 'check', '--config', file] });
  const { code } = await check.exited;
  reader.kill('SIGTERM');

  expect(await reader.exited).toEqual({ code: 0, signal: null });
  expect(code).toBe(78);
  expect(check.lastWords()).toContain(`${file}:2:`);
});

test('twin: outside of systemd the hang-up of a terminal ends it', async () => {
  const gateway = await createGateway();
  const reader = await gateway.startReader();
  await reader.line(isAppended);

  reader.kill('SIGHUP');

  expect(await reader.exited).toEqual({ code: null, signal: 'SIGHUP' });
});
