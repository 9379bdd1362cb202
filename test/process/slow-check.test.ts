/**
 * A start that has to read a large outbox first, on a card that takes its time: the process that reads it stops
 * itself here before its first page, as if the card had gone to sleep.
 */

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { startCommand, startProgram } from '../support/child-program.ts';
import { createGateway, isAppended, isEvent } from '../support/gateway.ts';
import { prefillOutbox } from '../support/prefilled-outbox.ts';
import { crashed, someReadings, tempOutbox } from '../support/temp-outbox.ts';

/** Above the 16 MiB from which a check gets a process of its own. */
const ROWS = 450_000;

/** A gateway whose outbox is large and was not closed, and a supervisor that listens. */
async function afterPowerCut() {
  const gateway = await createGateway();
  prefillOutbox(gateway.dir, ROWS);
  const file = join(gateway.dir, 'outbox.db');
  const { outbox } = tempOutbox({ file });
  outbox.append(someReadings(3));
  const left = crashed(file);
  outbox.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  for (const suffix of ['', '-wal']) renameSync(left + suffix, file + suffix);

  const sleeper = join(gateway.dir, 'sleeper.mjs');
  writeFileSync(
    sleeper,
    `import { writeFileSync } from 'node:fs';
    if (process.argv[1]?.endsWith('check-database.js')) {
      writeFileSync(${JSON.stringify(join(gateway.dir, 'checker.pid'))}, String(process.pid));
      process.kill(process.pid, 'SIGSTOP');
    }`,
  );
  const notifySocket = join(gateway.dir, 'notify.sock');
  const supervisor = startCommand('python3', [
    join(import.meta.dirname, '../support/notify-listener.py'),
    notifySocket,
  ]);
  await supervisor.line((line) => line.text === 'LISTENING');
  const env = {
    ...gateway.env,
    NOTIFY_SOCKET: notifySocket,
    NODE_OPTIONS: `--import ${pathToFileURL(sleeper).href}`,
  };
  const noted = join(gateway.dir, 'checker.pid');
  // It writes its pid before it stops.
  const checker = async () =>
    vi.waitUntil(() => existsSync(noted) && Number(readFileSync(noted, 'utf8')), { timeout: 120_000 });
  return { checker, supervisor, env };
}

const isPatience = (line: { text: string }) => /EXTEND_TIMEOUT_USEC=60000000/.test(line.text);

test('a slow check keeps the supervisor patient for as long as it takes, and the start goes on after it', async () => {
  const { checker, supervisor, env } = await afterPowerCut();
  const reader = startProgram('sensor-main', { env });

  const pid = await checker();
  // Ten seconds later it is told again.
  await supervisor.count(isPatience, 2);
  const before = reader.lines.some(isEvent('outbox.opened'));
  process.kill(pid, 'SIGCONT');
  const opened = await reader.line(isEvent('outbox.opened'));
  await reader.line(isAppended);

  expect(before).toBe(false);
  expect(opened.rows).toBe(ROWS + 3);
});

test('a stop during a slow check is obeyed at once, and the check ends with it', async () => {
  const { checker, env } = await afterPowerCut();
  const reader = startProgram('sensor-main', { env });
  const pid = await checker();

  reader.kill('SIGTERM');

  expect(await reader.exited).toEqual({ code: 0, signal: null });
  expect(reader.lines.map((line) => line.text).join('\n')).toContain('before the start was over');
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
