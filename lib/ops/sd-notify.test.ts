import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { connectSupervisor } from './sd-notify.ts';

/** An addon that writes down what it is told, or hangs in its first call as the real one does on a full queue. */
function fakeAddon(body: string): { addon: string; told: () => string[] } {
  const dir = tempDir();
  const [addon, log] = [join(dir, 'addon.cjs'), join(dir, 'told')];
  writeFileSync(log, '');
  writeFileSync(
    addon,
    `const told = (text) => require('node:fs').appendFileSync(${JSON.stringify(log)}, text + '\\n');
     module.exports = { ${body} };`,
  );
  return { addon, told: () => readFileSync(log, 'utf8').split('\n').filter(Boolean) };
}

test('outside systemd nothing is loaded and every message is silent', async () => {
  const supervisor = await connectSupervisor({ notifySocket: undefined, addon: '/nowhere' });

  supervisor.ready();
  supervisor.heartbeat();
  supervisor.status('fine');
  supervisor.stopping();

  expect(supervisor).toMatchObject({ watchdogMs: undefined, hangs: false });
});

test('under systemd without the addon we refuse with the command that fixes it', async () => {
  const connecting = connectSupervisor({ notifySocket: '/run/systemd/notify', addon: '/nowhere' });

  await expect(connecting).rejects.toMatchObject({
    code: 'SGW_ADDON_MISSING',
    exitCode: 78,
    hint: expect.stringContaining('npm rebuild sd-notify'),
  });
});

test('an addon that has lost a function is as good as missing', async () => {
  const { addon } = fakeAddon('sendState: told');

  const connecting = connectSupervisor({ notifySocket: 'x', addon });

  await expect(connecting).rejects.toMatchObject({ code: 'SGW_ADDON_MISSING' });
});

test('what is said arrives in its order, and a status is one printable line of bounded length', async () => {
  const { addon, told } = fakeAddon('sendState: told, watchdogInterval: () => 4000');
  const supervisor = await connectSupervisor({ notifySocket: 'x', addon });

  supervisor.extendStart(1_500);
  supervisor.ready();
  supervisor.status(`two\nlines\u0007${'x'.repeat(500)}`);
  supervisor.heartbeat();
  supervisor.stopping();
  await expect.poll(told).toHaveLength(5);

  expect(supervisor.watchdogMs).toBe(4_000);
  const status = `STATUS=two lines ${'x'.repeat(190)}`;
  expect(told()).toEqual(['EXTEND_TIMEOUT_USEC=1500000', 'READY=1', status, 'WATCHDOG=1', 'STOPPING=1']);
  await expect.poll(() => supervisor.hangs).toBe(false);
});

const HANG = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5000)';

test('a supervisor that takes nothing costs no time and no memory, however much it is told', async () => {
  const { addon, told } = fakeAddon(
    `watchdogInterval: () => 0, sendState: (text) => { told(text); ${HANG}; }`,
  );
  const supervisor = await connectSupervisor({ notifySocket: 'x', addon });

  for (let beat = 0; beat < 10_000; beat += 1) supervisor.heartbeat();
  await expect.poll(told).toHaveLength(1);

  expect(supervisor.hangs).toBe(true);
});

test('twin: the same call on this thread would have stopped everything', () => {
  const { addon } = fakeAddon(`sendState: () => { ${HANG.replace('5000', '50')}; }`);
  let turned = false;
  setImmediate(() => {
    turned = true;
  });

  const before = process.hrtime.bigint();
  createRequire(import.meta.url)(addon).sendState('WATCHDOG=1');

  expect({ turned, waited: process.hrtime.bigint() - before >= 50_000_000n }).toEqual({
    turned: false,
    waited: true,
  });
});

test('the real addon speaks to a real socket from its thread', async (context) => {
  const socket = join(tempDir(), 'notify');
  const listener = spawn('python3', [
    join(import.meta.dirname, '../../test/support/notify-listener.py'),
    socket,
  ]);
  onTestFinished(() => void listener.kill());
  const lines: string[] = [];
  createInterface({ input: listener.stdout }).on('line', (line) => lines.push(line));
  await once(listener.stdout, 'data');
  process.env.NOTIFY_SOCKET = socket;
  onTestFinished(() => {
    delete process.env.NOTIFY_SOCKET;
  });

  const supervisor = await connectSupervisor({ notifySocket: socket }).catch(() => undefined);
  if (supervisor === undefined) return context.skip('the sd-notify addon is not built');
  supervisor.status('from a thread');

  await expect.poll(() => lines).toContain('STATUS=from a thread');
});
