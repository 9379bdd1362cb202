/** How the built programs begin and end: exit codes, signals, locks, and what they tell the supervisor. */

import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand, startProgram } from '../support/child-program.ts';
import { createGateway, isAppended, isStored } from '../support/gateway.ts';
import { removeDir, tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAMS = ['sensor-main', 'sensor-api-write'] as const;

test.each([...PROGRAMS, 'sensor-monitor'])(
  '%s with a wrong configuration exits 78 and has touched nothing',
  async (name) => {
    const dir = join(tempDir(), 'not-yet-there');
    const program = startProgram(name, {
      env: { SENSORGW_DATA_DIR: dir, SENSORGW_SAMPLING_INTERVAL: '0s', SENSORGW_LOG_LEVLE: 'info' },
    });

    expect(await program.exited).toEqual({ code: 78, signal: null });
    const said = program.lines.map((line) => line.text).join('\n');
    expect(said).toContain('SENSORGW_SAMPLING_INTERVAL');
    expect(said).toContain('SENSORGW_LOG_LEVEL');
    expect(existsSync(dir)).toBe(false);
  },
);

test('a wrong configuration file is named with line and column', async () => {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, 'sampling:\n  intervall: 10s\n');
  const program = startProgram('sensor-main', { args: ['--config', file] });

  expect(await program.exited).toMatchObject({ code: 78 });
  const said = program.lines.map((line) => line.text).join('\n');
  expect(said).toContain(`${file}:2:3`);
  expect(said).toContain('Did you mean "interval"?');
});

test.each(PROGRAMS)(
  'a second %s on the same data directory exits 75 and names the pid of the first',
  async (name) => {
    const gateway = await createGateway();
    const first = name === 'sensor-main' ? await gateway.startReader() : await gateway.startApi();

    const second = startProgram(name, { env: gateway.env });

    expect(await second.exited).toEqual({ code: 75, signal: null });
    expect(second.lines.map((line) => line.text).join('\n')).toContain(`process ${first.pid}`);
  },
);

test('a second reader in the same run_dir exits 75, whatever its data directory, and leaves the socket alone', async () => {
  const gateway = await createGateway();
  const first = await gateway.startReader();
  await first.line(isAppended);

  const second = startProgram('sensor-main', { env: { ...gateway.env, SENSORGW_DATA_DIR: tempDir() } });

  expect(await second.exited).toEqual({ code: 75, signal: null });
  expect(second.lines.map((line) => line.text).join('\n')).toContain(
    `process ${first.pid} runs sensor-main on ${gateway.runDir}`,
  );
  expect(existsSync(join(gateway.runDir, 'sensor-main.sock'))).toBe(true);
});

test('the lock of a reader that was killed does not keep the next one out', async () => {
  const gateway = await createGateway();
  const first = await gateway.startReader();
  first.kill('SIGKILL');
  await first.exited;

  const second = await gateway.startReader();

  await second.line(isAppended);
});

test.each(PROGRAMS)('a running %s whose database is deleted says so and ends with 73', async (name) => {
  const gateway = await createGateway();
  const program = name === 'sensor-main' ? await gateway.startReader() : await gateway.startApi();

  removeDir(gateway.dir);

  expect(await program.exited).toEqual({ code: 73, signal: null });
  expect(program.lines.map((line) => line.text).join('\n')).toContain('was deleted or moved away');
});

test('a port that is taken ends the write API with 69 and says which', async () => {
  const gateway = await createGateway();
  const stranger = createServer().listen(gateway.port, '127.0.0.1');
  const api = startProgram('sensor-api-write', { env: gateway.env });

  const exit = await api.exited;
  stranger.close();

  expect(exit).toEqual({ code: 69, signal: null });
  expect(api.lines.map((line) => line.text).join('\n')).toContain(`${gateway.port}`);
});

test('a data directory that cannot be used ends the program with 73 and the command that helps', async () => {
  const file = join(tempDir(), 'a-file');
  writeFileSync(file, '');
  const program = startProgram('sensor-main', {
    env: { SENSORGW_DATA_DIR: join(file, 'data'), SENSORGW_RUN_DIR: join(file, 'run') },
  });

  expect(await program.exited).toEqual({ code: 73, signal: null });
  expect(program.lines.map((line) => line.text).join('\n')).toContain('sudo install -d');
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends both programs cleanly', async (signal) => {
  const gateway = await createGateway();
  const api = await gateway.startApi();
  const reader = await gateway.startReader();
  await reader.line(isStored);

  reader.kill(signal);
  api.kill(signal);

  expect(await reader.exited).toEqual({ code: 0, signal: null });
  expect(await api.exited).toEqual({ code: 0, signal: null });
});

test('SIGTERM ends the reader in time although the API hangs in the middle of a request', async () => {
  const hung = createServer(() => {});
  const port = await new Promise<number>((resolve) => {
    hung.listen(0, '127.0.0.1', () => resolve((hung.address() as { port: number }).port));
  });
  const gateway = await createGateway({ deliverTo: port });
  const connected = new Promise((resolve) => hung.once('connection', resolve));
  const reader = await gateway.startReader();
  await connected;

  reader.kill('SIGTERM');
  const exit = await reader.exited;
  hung.close();

  expect(exit).toEqual({ code: 0, signal: null });
  expect(reader.lines.some((line) => String(line.msg).startsWith('not everything has stopped'))).toBe(false);
});

test('under systemd it says READY after the first round, its status, each heartbeat, and STOPPING', async (context) => {
  if (!existsSync(join(ROOT, 'node_modules/sd-notify/build')))
    context.skip('the sd-notify addon is not built');
  const socket = join(tempDir(), 'notify');
  const systemd = startCommand('python3', [join(ROOT, 'test/support/notify-listener.py'), socket]);
  await systemd.line((line) => line.text === 'LISTENING');
  const gateway = await createGateway();

  const reader = await gateway.startReader({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' });
  await systemd.line((line) => line.text === 'READY=1');
  await systemd.count((line) => line.text === 'WATCHDOG=1', 3);
  await systemd.line((line) => /^STATUS=(closed|open), \d+\/\d+ sensors, backlog \d+/.test(line.text));
  reader.kill('SIGTERM');
  await systemd.line((line) => line.text.startsWith('STOPPING=1'));
  const exit = await reader.exited;

  expect(exit).toEqual({ code: 0, signal: null });
  expect(reader.lines.findIndex((line) => line.event === 'round.sampled')).toBeGreaterThanOrEqual(0);
});

test('under systemd without the addon both programs refuse with 78 and the command that fixes it', async () => {
  // The same build, beside dependencies that lack only this one.
  const place = tempDir();
  const modules = join(place, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== 'sd-notify') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  const copied = startCommand('cp', ['-r', join(ROOT, 'dist'), join(ROOT, 'package.json'), place]);
  await copied.exited;

  const program = startCommand(process.execPath, [join(place, 'dist/src/sensor-main.js')], {
    NOTIFY_SOCKET: join(place, 'notify'),
    SENSORGW_DATA_DIR: join(place, 'data'),
    SENSORGW_RUN_DIR: join(place, 'run'),
  });

  expect(await program.exited).toEqual({ code: 78, signal: null });
  expect(program.lines.map((line) => line.text).join('\n')).toContain('npm rebuild sd-notify');
  expect(existsSync(join(place, 'data'))).toBe(false);
});
