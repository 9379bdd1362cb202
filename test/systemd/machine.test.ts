/**
 * The machines of these tests themselves: one whose test was killed with all that belongs to it, at a moment at
 * which nobody could clean up, is gone when the next one has booted.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, bootMachine, MAKING_MS, whyNoBootedMachine } from '../support/booted-machine.ts';
import { startCommand } from '../support/child-program.ts';

const why = whyNoBootedMachine();
const BOOT = join(import.meta.dirname, '../support/boot-machine.sh');

beforeAll(() => {
  if (why === undefined) bootableRoot('bookworm');
}, MAKING_MS);

/** The control groups of a machine, wherever they lie. */
const groupsOf = (name: string) =>
  spawnSync('find', ['/sys/fs/cgroup', '-maxdepth', '6', '-type', 'd', '-name', name], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line !== '');

/** One that has been killed keeps its number until somebody has asked how it ended. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe.skipIf(why !== undefined)(`a machine of a test${why === undefined ? '' : ` (${why})`}`, () => {
  it('leaves nothing behind when its launcher is killed, once another one has been started', async ({
    expect,
    onTestFinished,
  }) => {
    // Of a process that has ended.
    const name = `sensorgw-${spawnSync('true').pid}-1`;
    const args = ['--mount', '--propagation', 'private', BOOT, bootableRoot('bookworm'), name];
    const launcher = startCommand('unshare', args, {}, onTestFinished);
    const booted = await launcher.line((line) => line.text.startsWith('booted '));
    launcher.kill('SIGKILL');
    const left = groupsOf(name);

    const next = await bootMachine({ onTestFinished });

    expect(left.length).toBeGreaterThan(0);
    expect(groupsOf(name)).toEqual([]);
    await expect.poll(() => isRunning(booted.text.split(' ')[1] ?? '')).toBe(false);
    expect(await next.do('systemctl', 'is-active', 'systemd-journald')).toBe('active\n');
  });
});
