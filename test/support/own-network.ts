/**
 * A network of its own for a process of a test: a name space of the kernel with a cable to this machine, which can be
 * pulled out. Needs root.
 */

import { execFileSync } from 'node:child_process';
import { type ChildProgram, startCommand } from './child-program.ts';
import type { OnTestFinished } from './temp-dir.ts';

export interface OwnNetwork {
  /** This machine, as it is called from in there. */
  readonly hostAddress: string;
  /** The command in front of another one, to run that in there. */
  readonly enter: readonly string[];
  /** Pulls the cable out, or puts it back. */
  cable(isIn: boolean): void;
  /** From now on the way out is so slow, with room for two packets: what comes faster is lost. */
  narrow(kbitPerSecond: number): void;
  /** Packets that were lost on the narrow way. */
  lost(): number;
}

/** Why there can be none here; `undefined` if there can. */
export function noOwnNetwork(): string | undefined {
  if (process.getuid?.() !== 0) return 'a network of its own needs root';
  try {
    const tried = [
      'ip link add sgw-h type veth peer name sgw-g',
      'tc qdisc add dev sgw-h root tbf rate 1mbit burst 1600 limit 3200',
    ];
    execFileSync('unshare', ['--net', 'sh', '-c', tried.join(' && ')], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'this machine lets nobody make networks';
  }
}

let networks = 0;

export async function ownNetwork(finished: OnTestFinished): Promise<OwnNetwork> {
  networks += 1;
  // The kernel limits their names to 15 characters.
  const ours = `sgw${process.pid}-${networks}`;
  const [host, guest] = [`${ours}h`, `${ours}g`];
  // From the block for tests of networks (RFC 2544), which nobody routes.
  const subnet = `198.${18 + (networks % 2)}.${process.pid % 256}`;
  const holder: ChildProgram = startCommand(
    'unshare',
    ['--net', 'sh', '-c', 'ip link set lo up && echo READY && exec sleep 600'],
    {},
    finished,
  );
  await holder.line(({ text }) => text === 'READY');
  const enter = ['nsenter', '--net', '--target', String(holder.pid)];
  // The kernel takes both ends away with the name space.
  ip('link', 'add', host, 'type', 'veth', 'peer', 'name', guest, 'netns', String(holder.pid));
  ip('address', 'add', `${subnet}.1/24`, 'dev', host);
  ip('link', 'set', host, 'up');
  const run = (...command: string[]) =>
    execFileSync('nsenter', [...enter.slice(1), ...command], { encoding: 'utf8', stdio: 'pipe' });
  run('ip', 'address', 'add', `${subnet}.2/24`, 'dev', guest);
  run('ip', 'link', 'set', guest, 'up');

  return {
    hostAddress: `${subnet}.1`,
    enter,
    cable: (isIn) => ip('link', 'set', host, isIn ? 'up' : 'down'),
    narrow(kbitPerSecond) {
      const rate = ['rate', `${kbitPerSecond}kbit`, 'burst', '1600', 'limit', '3200'];
      run('tc', 'qdisc', 'add', 'dev', guest, 'root', 'tbf', ...rate);
    },
    lost() {
      const said = run('tc', '-s', 'qdisc', 'show', 'dev', guest);
      return Number(/dropped (\d+)/.exec(said)?.[1] ?? Number.NaN);
    },
  };
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
