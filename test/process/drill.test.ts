/**
 * The rehearsals of `sensorctl drill`, with the real programs: each keeps its promises, touches nothing outside of its
 * sandbox, and leaves nothing behind. The twin shows that a broken promise is seen.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { DRILLS } from '../../src/commands/drill-plans.ts';
import { noFakeClock } from '../support/fake-clock.ts';
import { noSmallDisk } from '../support/small-disk.ts';
import { type OnTestFinished, tempDir } from '../support/temp-dir.ts';

const SENSORCTL = join(import.meta.dirname, '../../dist/src/sensorctl.js');

/** Each waits most of the time, and no promise is about how fast it is kept. */
vi.setConfig({ maxConcurrency: 4 });

/** A place for sandboxes, and an environment that names a gateway which must not be touched. */
function site(onTestFinished: OnTestFinished) {
  const dir = tempDir(onTestFinished);
  const [sandboxes, data] = [join(dir, 'tmp'), join(dir, 'data')];
  for (const one of [sandboxes, data]) mkdirSync(one);
  const env = {
    PATH: process.env.PATH,
    TMPDIR: sandboxes,
    SENSORGW_DATA_DIR: data,
    SENSORGW_RUN_DIR: data,
    SENSORGW_API_PORT: '1',
  };
  return { sandboxes, data, env };
}

const OWN_ROOT = ['unshare', '--user', '--map-root-user', '--mount', 'true'];
const AS_NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
/** Why root cannot be somebody else who rehearses it. */
const nobody =
  spawnSync('setpriv', [...AS_NOBODY, ...OWN_ROOT]).status === 0
    ? undefined
    : 'this machine has no such namespaces, or we are not root';
const noDisk = spawnSync('setpriv', ['--', ...OWN_ROOT]).status === 0 ? undefined : noSmallDisk();

const UNABLE: Readonly<Record<string, string | undefined>> = {
  // As root it is rehearsed by somebody else, below.
  'disk-full': nobody === undefined ? 'without root, instead' : noDisk,
  'clock-jump': noFakeClock(),
};

describe('sensorctl drill', () => {
  // First those that take a minute; the others run beside them.
  test.concurrent('says that a promise was broken, and keeps the sandbox: a write API whose port somebody else has taken', async ({
    onTestFinished,
  }) => {
    const { sandboxes, env } = site(onTestFinished);
    const { child, said } = begun(env, onTestFinished);
    // Its breaker opens when nobody listens there any more.
    await said('open the breaker');
    const [name = ''] = readdirSync(sandboxes);
    const port = /port: (\d+)/.exec(readFileSync(join(sandboxes, name, 'config.yaml'), 'utf8'))?.[1];
    const squatter = createServer((socket) => socket.destroy()).listen(Number(port), '127.0.0.1');
    onTestFinished(() => void squatter.close());
    await said('still open');
    squatter.close();

    const [code] = await once(child, 'close');

    const text = await said('promises kept');
    expect(text).toMatch(/BROKEN {2}the breaker closes by itself/);
    expect(text).toMatch(/kept {4}every reading that was accepted is stored once/);
    expect(text).toContain(`Kept to look into, with the logs of both programs: ${join(sandboxes, name)}`);
    expect(code).toBe(1);
    expect(readdirSync(join(sandboxes, name))).toContain('sensor-main.log');
  });

  test.concurrent('disk-full needs no root where users may have namespaces of their own', async (context) => {
    if (nobody !== undefined) context.skip(nobody);
    const { sandboxes, env } = site(context.onTestFinished);
    // The user nobody must get there.
    chmodSync(join(sandboxes, '..'), 0o755);
    chmodSync(sandboxes, 0o777);

    const command = [process.execPath, SENSORCTL, 'drill', 'disk-full', '--json', '--keep'];
    const ran = await through(['setpriv', ...AS_NOBODY, ...command], env, context);

    const said = JSON.parse(ran.stdout);
    expect(said).toMatchObject({ ok: true, drill: 'disk-full' });
    expect(ran.status).toBe(0);
    // What was on a disk of its own is there for whoever looks, and the disk is gone.
    expect(readdirSync(join(said.sandbox, 'data'))).toContain('store.db');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(said.sandbox);
  });

  const able = Object.keys(DRILLS).filter((what) => UNABLE[what] === undefined);
  test.concurrent.for(able)('%s keeps every promise, and leaves nothing behind', async (what, context) => {
    const { sandboxes, data, env } = site(context.onTestFinished);

    const ran = await through([process.execPath, SENSORCTL, 'drill', what, '--json'], env, context);

    const said = JSON.parse(ran.stdout);
    expect(said.findings.filter(({ kept }: { kept: boolean }) => !kept)).toEqual([]);
    expect(said).toMatchObject({ format: 'drill/1', drill: what, ok: true, sandbox: null });
    expect(said.findings.length).toBeGreaterThanOrEqual(3);
    expect(ran.status).toBe(0);
    expect(readdirSync(sandboxes)).toEqual([]);
    expect(readdirSync(data)).toEqual([]);
  });

  test.concurrent('leaves no process and no directory behind after Ctrl-C', async ({ onTestFinished }) => {
    const { sandboxes, env } = site(onTestFinished);
    const { child, said } = begun(env, onTestFinished);
    await said('is killed.');
    const sandbox = join(sandboxes, readdirSync(sandboxes)[0] ?? '');
    const during = processesIn(sandbox);

    child.kill('SIGINT');

    expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
    while (processesIn(sandbox).length > 0) await pause(20);
    expect(during.length).toBeGreaterThan(0);
    expect(readdirSync(sandboxes)).toEqual([]);
  });

  for (const [what, why] of Object.entries(UNABLE)) {
    if (why !== undefined) test.skip(`${what} (${why})`, () => {});
  }
});

/** Runs a command line to its end. */
async function through(
  [command = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  { onTestFinished }: { readonly onTestFinished: OnTestFinished },
): Promise<{ status: number | null; stdout: string }> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const text = heard(child);
  await once(child, 'close');
  return { status: child.exitCode, stdout: text() };
}

/** What it has said so far. */
function heard({ stdout, stderr }: Pick<ChildProcess, 'stdout' | 'stderr'>): () => string {
  let text = '';
  for (const stream of [stdout, stderr])
    stream?.setEncoding('utf8').on('data', (more) => {
      text += more;
    });
  return () => text;
}

/** A drill that has begun, and what it says as soon as it has said that; rejects when it ends without. */
function begun(env: NodeJS.ProcessEnv, onTestFinished: OnTestFinished) {
  const child = spawn(process.execPath, [SENSORCTL, 'drill', 'api-down'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const text = heard(child);
  const said = async (words: string) => {
    while (!text().includes(words)) {
      if (child.exitCode !== null) throw new Error(`it has ended, and said: ${text()}`);
      await pause(20);
    }
    return text();
  };
  return { child, said };
}

/** Those that work there. */
function processesIn(dir: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}
