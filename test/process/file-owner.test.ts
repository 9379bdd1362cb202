/**
 * Files in the data directory that belong to the wrong user: what `sudo` leaves behind. The reader runs as nobody
 * here, which only root can arrange.
 */

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { createGateway, type Gateway, isEvent } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

const BIN = join(import.meta.dirname, '../../dist/src');
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** A gateway whose data directory is nobody's, as is the reader. */
async function gatewayOfNobody(): Promise<Gateway> {
  const gateway = await createGateway();
  chownSync(gateway.dir, NOBODY, NOBODY);
  chmodSync(gateway.dir, 0o755);
  return gateway;
}

function startAsNobody({ env }: Gateway) {
  const asNobody = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return startCommand('setpriv', [...asNobody, process.execPath, join(BIN, 'sensor-main.js')], env);
}

const sudoSensorctl = ({ env }: Gateway, ...args: string[]) =>
  execFileSync(process.execPath, [join(BIN, 'sensorctl.js'), ...args], { env, encoding: 'utf8' });

test.skipIf(!isRoot)(
  'a reader that may not write its outbox names the file, its owner, and the command that mends it',
  { timeout: 120_000 },
  async () => {
    const gateway = await gatewayOfNobody();
    const first = startAsNobody(gateway);
    await first.line(isEvent('outbox.appended'));
    first.kill('SIGTERM');
    await first.exited;
    const file = join(gateway.dir, 'outbox.db');
    chownSync(file, 0, 0);
    chmodSync(file, 0o640);

    const refused = startAsNobody(gateway);
    const { code } = await refused.exited;
    const said = refused.lines.map((line) => line.text).join('\n');
    const [, command = ''] = /sudo (chown \S+ [^\n]+)/.exec(said) ?? [];
    execFileSync('sh', ['-c', command]);
    const mended = startAsNobody(gateway);

    expect(code).toBe(73);
    expect(said).toContain(`${file} belongs to root, and we may not write it`);
    await mended.line(isEvent('outbox.appended'));
  },
);

test.skipIf(!isRoot)(
  'what sudo sensorctl makes in the data directory belongs to the user of the directory',
  { timeout: 120_000 },
  async () => {
    const gateway = await gatewayOfNobody();
    const first = startAsNobody(gateway);
    await first.line(isEvent('outbox.appended'));
    const backups = tempDir();
    sudoSensorctl(gateway, 'backup', 'create', '--output', backups);
    first.kill('SIGTERM');
    await first.exited;
    const [backup = ''] = readdirSync(backups).filter((name) => name.startsWith('outbox-'));
    // As on a fresh card: not even the lock is there.
    rmSync(gateway.dir, { recursive: true });
    mkdirSync(gateway.dir, { mode: 0o755 });
    chownSync(gateway.dir, NOBODY, NOBODY);

    sudoSensorctl(gateway, 'backup', 'restore', join(backups, backup));
    sudoSensorctl(gateway, 'outbox', 'compact');
    sudoSensorctl(gateway, 'backup', 'create');
    const owners = execFileSync('find', [gateway.dir, '-user', '0'], { encoding: 'utf8' });
    const reader = startAsNobody(gateway);

    expect(owners).toBe('');
    await reader.line(isEvent('outbox.appended'));
  },
);
