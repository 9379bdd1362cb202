/**
 * For drills that need a file system of their own: a user who is not root is root in namespaces of his own, where he
 * may mount one that nobody else sees. The command is run there once more, whole; nothing of the machine changes.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { EXIT, GatewayError } from '../../lib/base/errors.ts';
import type { CommandContext } from './command.ts';

const NAMESPACES = ['--user', '--map-root-user', '--mount', '--'];

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Returns the exit code of this very command line. Throws `SGW_USAGE` where the machine lets nobody have namespaces. */
export async function runAsOwnRoot({ onInterrupt }: CommandContext): Promise<number> {
  if (spawnSync('unshare', [...NAMESPACES, 'true']).status !== 0) {
    throw new GatewayError('SGW_USAGE', 'a disk of its own, to be filled, can only be made by root here', {
      hint: 'Say: sudo sensorctl drill disk-full. Without root nothing is tried: the disk of this machine is not ours to fill.',
    });
  }
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('unshare', [...NAMESPACES, ...command], { stdio: 'inherit' });
  // It clears up by itself then.
  const forget = onInterrupt?.(() => child.kill('SIGTERM'));
  const [code] = await once(child, 'exit');
  forget?.();
  return typeof code === 'number' ? code : EXIT.failed;
}
