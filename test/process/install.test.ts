/**
 * The installer as far as it goes without changing anything: what it refuses, what it says it would do, and
 * how long it waits for a start. uname, df and systemctl are small scripts that answer what a test wants;
 * installing for real, under a real systemd, is the systemd suite's affair.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';

const DEPLOY = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'deploy');

/** A machine that can have it. */
const FIT = {
  systemctl:
    'case $1 in --version) echo "systemd 252 (252.39)";; is-system-running) echo running;; is-active) exit 0;; *) exit 1;; esac',
  df: 'echo "Filesystem 1M-blocks Used Available Capacity Mounted"; echo "/dev/root 30000 9000 20000 30% /"',
  uname: 'echo aarch64',
};

function run(script: string, args: readonly string[], commands: Partial<typeof FIT> = {}) {
  const bin = join(tempDir(), 'bin');
  mkdirSync(bin);
  for (const [name, body] of Object.entries({ ...FIT, ...commands })) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const path = [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(':');
  const { status, stdout, stderr } = spawnSync('bash', [join(DEPLOY, script), ...args], {
    encoding: 'utf8',
    env: { PATH: path },
    input: '',
  });
  return { status, stdout, stderr };
}

function refusals(stdout: string): string[] {
  return stdout.split('\n').filter((line) => line.startsWith('NO '));
}

it('a machine that can have it is told so, with every question answered', () => {
  const { status, stdout } = run('check-machine.sh', []);

  expect(refusals(stdout)).toEqual([]);
  expect(status).toBe(0);
  expect(stdout).toContain('ok    systemd 252');
  for (const port of [8470, 8471]) expect(stdout).toContain(`ok    port ${port} `);
});

it.each([
  [
    'has a systemd that is too old',
    { systemctl: FIT.systemctl.replace('systemd 252', 'systemd 247') },
    'systemd 247 is too old',
  ],
  [
    'is not run by systemd',
    { systemctl: FIT.systemctl.replace('echo running', 'echo offline') },
    'systemd does not run this machine',
  ],
  ['has no systemd', { systemctl: 'exit 127' }, 'systemd is not installed'],
  ['has a processor that Node has left behind', { uname: 'echo armv6l' }, 'armv6l'],
  [
    'has a full disk',
    { df: FIT.df.replace('20000', '120') },
    '120 MiB free for /opt/sensor-gateway, and 400 MiB are needed',
  ],
] as const)('a machine that %s is refused before anything is touched', (_what, commands, reason) => {
  const { status, stdout } = run('install.sh', ['--yes', '--dry-run'], commands);

  expect(status).toBe(78);
  expect(refusals(stdout).join('\n')).toContain(reason);
  expect(stdout).not.toContain('would:');
});

it.each([
  ['is too old', 'v18.20.4', 'is Node v18.20.4, and 20.19 or newer is needed'],
  ['is just too old', 'v20.18.3', 'is Node v20.18.3'],
  ['lies where the services cannot see it', 'v22.4.0', 'where the services cannot see it'],
  ['says nothing sensible', 'hello', 'does not say its version'],
])('a Node that %s is refused', (_what, version, reason) => {
  // Not wherever tests keep their files: what the services see of a machine is decided by such names.
  const node = join(tempDir(undefined, '/tmp'), 'node');
  writeFileSync(node, `#!/bin/sh\necho ${version}\n`);
  chmodSync(node, 0o755);

  const { status, stderr } = run('find-node.sh', [node]);

  expect(status).toBe(78);
  expect(stderr).toContain(reason);
  expect(refusals(run('check-machine.sh', ['--node', node]).stdout).join('\n')).toContain(reason);
});

it('a dry run says every step and takes none', () => {
  const before = existsSync('/opt/sensor-gateway');

  const { status, stdout } = run('install.sh', ['--dry-run']);

  expect(status).toBe(0);
  for (const step of [
    'make release',
    'the user sensor-gateway',
    'config.yaml',
    'sensor-main.service',
    'start one after the other',
  ]) {
    expect(stdout).toMatch(new RegExp(`^would: .*${step}`, 'm'));
  }
  expect(existsSync('/opt/sensor-gateway')).toBe(before);
});

it('two ways at once, or an unknown word, are wrong usage', () => {
  expect(run('install.sh', ['--rollback', '--purge']).status).toBe(64);
  expect(run('install.sh', ['--force']).status).toBe(64);
  expect(run('check-machine.sh', ['--force']).status).toBe(64);
});

const CUT_OFF = 124;
const STARTING = 'ActiveState=activating\nSubState=start';

/** Brings one program up on a machine where `systemctl restart` and `start` end so, one after the other; no time passes. */
function bringUp(ends: readonly number[], state = STARTING) {
  const dir = tempDir();
  const path = (name: string) => join(dir, name);
  writeFileSync(path('ends'), `${ends.join('\n')}\n`);
  writeFileSync(path('state'), `${state}\n`);
  writeFileSync(path('orders'), '');
  mkdirSync(path('bin'));
  for (const [name, body] of Object.entries({
    // With what is asked of it, for as long as it is asked.
    timeout: `limit=$1; shift; case $2 in start|restart) echo "$limit $2" >>${path('orders')};; esac; exec "$@"`,
    // The last one again and again.
    systemctl: `case $1 in start|restart) end=$(head -n 1 ${path('ends')}); [ $(wc -l <${path('ends')}) = 1 ] || sed -i 1d ${path('ends')}; exit $end;; show) cat ${path('state')};; esac`,
    sleep: '',
    journalctl: '',
  })) {
    writeFileSync(path(`bin/${name}`), `#!/bin/sh\n${body}\n`);
    chmodSync(path(`bin/${name}`), 0o755);
  }
  const { status, stdout } = spawnSync(
    'bash',
    [
      '-euo',
      'pipefail',
      '-c',
      `. ${DEPLOY}/steps.sh; . ${DEPLOY}/starting.sh; bring_up sensor-main.service restart || exit 1`,
    ],
    { encoding: 'utf8', env: { PATH: `${path('bin')}:/usr/bin:/bin` } },
  );
  const orders = readFileSync(path('orders'), 'utf8').trim().split('\n');
  const waitedS = orders.reduce((sum, order) => sum + Number(order.split(' ')[0]), 0);
  return {
    status,
    lines: stdout.split('\n').filter(Boolean),
    orders: orders.map((order) => order.split(' ')[1]),
    waitedS,
  };
}

it('a start that systemd lets take an hour is waited for, and it is said that it goes on', () => {
  const { status, lines, orders, waitedS } = bringUp([...Array(60).fill(CUT_OFF), 0]);

  expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: '  ready: sensor-main.service' });
  expect(waitedS).toBeGreaterThanOrEqual(3_600);
  expect(lines.filter((line) => line.startsWith('  still starting'))).toHaveLength(60);
  // A second restart would end the start that is under way.
  expect(orders).toEqual(['restart', ...Array(60).fill('start')]);
});

it.each([
  ['at once', [1], STARTING],
  ['after a while', [CUT_OFF, 1], STARTING],
  ['and waits to start it again', [CUT_OFF, 0], 'ActiveState=activating\nSubState=auto-restart'],
  ['for good', [CUT_OFF, 0], 'ActiveState=failed\nSubState=failed'],
])('a start that systemd has failed %s is waited for no longer', (_when, ends, state) => {
  const { status, lines, orders } = bringUp(ends, state);

  expect({ status, last: lines.at(-1) }).toMatchObject({
    status: 1,
    last: expect.stringContaining('NOT ready'),
  });
  expect(orders).toHaveLength(ends.filter((end) => end !== 0).length);
});

it('a start of which systemd never says anything is given up after the longest that one can take', () => {
  const { status, waitedS } = bringUp([CUT_OFF]);

  expect(status).toBe(1);
  // A store of half of a card of 128 GB, copied by a card that reads 5 MB in a second.
  expect(waitedS).toBeGreaterThan(64_000 / 5);
  expect(waitedS).toBeLessThan(86_400);
});
