/** `npm start` as its users see it: the script with the built programs, on a port and a directory of their own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

const SCRIPT = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'scripts/start.js');
const CTRL_C_AGAIN_MS = 500;

it('shows a reading, ends by itself after --seconds, and says how to go on', async () => {
  const start = await startScript('--seconds', '12');

  await start.line(/stored \d+ readings at local/);
  const code = await start.exited;

  expect(code).toBe(0);
  expect(start.text()).toMatch(/Write API {2}http:\/\/127\.0\.0\.1:\d+\n/);
  expect(start.text()).toMatch(/Monitor {4}http:\/\/127\.0\.0\.1:\d+\n/);
  expect(start.text()).toContain('Stopped cleanly.');
  expect(await start.programsAlive()).toEqual([]);
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s stops all programs cleanly and ends with 0',
  async (signal) => {
    const start = await startScript();
    await start.line(/stored \d+ readings at local/);

    start.child.kill(signal);

    expect(await start.exited).toBe(0);
    expect(start.text()).toContain('Stopped cleanly.');
    expect(await start.programsAlive()).toEqual([]);
  },
);

it.each([0, 60, 200])('Ctrl-C ends with 0 however early it comes: %i ms after the greeting', async (ms) => {
  const start = await startScript();
  await start.line(/To stop/);
  await elapsed(ms);

  start.child.kill('SIGINT');

  expect(await start.exited).toBe(0);
  expect(start.text()).not.toContain('has ended');
});

it('ends with 0 and leaves nothing behind when nobody reads it any more', async () => {
  const start = await startScript();
  await start.line(/stored \d+ readings at local/);

  start.child.stdout?.destroy();
  start.child.kill('SIGTERM');

  expect(await start.exited).toBe(0);
  expect(start.text()).not.toContain('EPIPE');
  expect(await start.programsAlive()).toEqual([]);
});

it('the monitor answers at the address that was said', async () => {
  const start = await startScript();
  await start.line(/monitor listens on/);
  const [, address] = /Monitor {4}(\S+)/.exec(start.text()) ?? [];

  const answer = await fetch(`${address}/metrics`);

  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('sensorgw_reader_up ');
});

it('a second Ctrl-C does not wait for a program that hangs', async () => {
  const start = await startScript();
  await start.line(/stored \d+ readings at local/);
  process.kill(start.pidOf('sensor-main'), 'SIGSTOP');

  start.child.kill('SIGINT');
  await start.line(/Press Ctrl-C again/);
  await elapsed(CTRL_C_AGAIN_MS);
  start.child.kill('SIGINT');

  expect(await start.exited).toBe(137);
  expect(await start.programsAlive()).toEqual([]);
});

it('when a program dies it says which, stops the other, and ends with its code', async () => {
  const start = await startScript();
  await start.line(/stored \d+ readings at local/);

  process.kill(start.pidOf('sensor-main'), 'SIGKILL');

  expect(await start.exited).toBe(137);
  expect(start.text()).toContain(
    'sensor-main has ended (SIGKILL).\nStopping sensor-api-write, sensor-monitor, too.',
  );
  expect(await start.programsAlive()).toEqual([]);
});

it('a port that is taken is said before anything starts', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());

  const start = await startScript('--port', String(portOf(server)));

  expect(await start.exited).toBe(69);
  expect(start.text()).toContain(`Port ${portOf(server)} on 127.0.0.1 is taken.`);
});

it('a port that is taken for the monitor is said as well', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());

  const start = await startScript({ SENSORGW_MONITOR_PORT: String(portOf(server)) });

  expect(await start.exited).toBe(69);
  expect(start.text()).toContain(`Port ${portOf(server)} on 127.0.0.1 is taken.`);
});

it.each([
  [['--seconds', '0'], 64, '--seconds must be a whole number'],
  [['--seconds', '1e3'], 64, '--seconds must be a whole number'],
  [['--port', '65535'], 64, '--port must be a whole number'],
  [['--quick'], 64, "Unknown option '--quick'"],
])('%j is refused with %i', async (args, code, message) => {
  const start = await startScript(...args);

  expect(await start.exited).toBe(code);
  expect(start.text()).toContain(message);
});

it('a wrong setting is said once, with 78, before anything starts', async () => {
  const start = await startScript('--seconds', '3', { SENSORGW_SAMPLING_INTERVAL: 'often' });

  expect(await start.exited).toBe(78);
  expect(start.text().split('SENSORGW_SAMPLING_INTERVAL')).toHaveLength(2);
});

interface RunningScript {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  text(): string;
  /** Resolves when a line like this has been printed, at once if it has been already. */
  line(pattern: RegExp): Promise<void>;
  pidOf(program: string): number;
  programsAlive(): Promise<number[]>;
}

async function startScript(...options: (string | Record<string, string>)[]): Promise<RunningScript> {
  const dir = tempDir();
  const args = options.filter((one) => typeof one === 'string');
  const env = Object.assign({}, ...options.filter((one) => typeof one === 'object'));
  if (!args.includes('--port')) args.push('--port', String(await freePort()));
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The port after that of the write API, which it would take by itself, may be somebody else's here.
    env: { ...process.env, SENSORGW_DATA_DIR: dir, SENSORGW_MONITOR_PORT: String(await freePort()), ...env },
  });
  let text = '';
  const lookers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      for (const look of lookers) look();
    });
  }
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const pids = new Map<string, number>();
  const pidOf = (program: string): number => {
    const health: { pid: number } = JSON.parse(readFileSync(join(dir, `run/${program}.health.json`), 'utf8'));
    pids.set(program, health.pid);
    return health.pid;
  };
  onTestFinished(async () => {
    for (const pid of pids.values()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    if (child.exitCode === null) child.kill('SIGTERM');
    await exited;
  });
  return {
    child,
    exited,
    pidOf,
    text: () => text,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(text)) return;
          lookers.delete(look);
          for (const program of ['sensor-api-write', 'sensor-main', 'sensor-monitor']) {
            try {
              pidOf(program);
            } catch {
              // Not up yet, or gone already.
            }
          }
          resolve();
        };
        lookers.add(look);
        look();
        void exited.then(() => reject(new Error(`ended without ${pattern}:\n${text}`)));
      }),
    programsAlive: async () => [...pids.values()].filter(isAlive),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : expect.fail('not listening');
}

/** Real time, because the script itself tells two key presses apart by it. */
function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
