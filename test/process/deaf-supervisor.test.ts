/** A supervisor whose socket is full: the built reader works on, and still ends when it is asked to. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { createGateway, isAppended } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');

it('a notify socket that nobody reads stops neither the rounds nor the end', async (context) => {
  context.skip(!existsSync(join(ROOT, 'node_modules/sd-notify/build')), 'the sd-notify addon is not built');
  const socket = join(tempDir(), 'notify');
  const full = startCommand('python3', [join(ROOT, 'test/support/full-socket.py'), socket]);
  await full.line((line) => line.text === 'FULL');
  const gateway = await createGateway();

  const reader = await gateway.startReader({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '2000000' });
  await reader.count(isAppended, 4);
  reader.kill('SIGTERM');

  // It does not wait for the thread that hangs in the socket, and so cannot end with a code of its own.
  expect(await reader.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(reader.lines.some((line) => line.msg === 'stopping')).toBe(true);
});
