/** Who the services run as, and what such a user may do with a file; read from the system's own tables. */

import type { FileStat, Probe } from './probe.ts';

/** What the units and the installer call it. */
const SERVICE_USER = 'sensor-gateway';

export interface ServiceUser {
  readonly name: string;
  readonly uid: number;
  /** Its own group first. */
  readonly gids: readonly number[];
}

/** `undefined` if the gateway is not installed as a service on this machine. */
export async function serviceUser(probe: Probe): Promise<ServiceUser | undefined> {
  const accounts = (await probe.readFile('/etc/passwd')) ?? '';
  const account = rowsOf(accounts).find(([name]) => name === SERVICE_USER);
  if (account === undefined) return undefined;
  const groups = rowsOf((await probe.readFile('/etc/group')) ?? '');
  const also = groups.filter(([, , , members = '']) => members.split(',').includes(SERVICE_USER));
  return {
    name: SERVICE_USER,
    uid: Number(account[2]),
    gids: [Number(account[3]), ...also.map(([, , gid]) => Number(gid))],
  };
}

function rowsOf(table: string): string[][] {
  return table
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
}

export function mayRead({ uid, gids }: Pick<ServiceUser, 'uid' | 'gids'>, file: FileStat): boolean {
  if (uid === 0) return true;
  if (file.uid === uid) return (file.mode & 0o400) !== 0;
  if (gids.includes(file.gid)) return (file.mode & 0o040) !== 0;
  return (file.mode & 0o004) !== 0;
}

/** `0640` */
export function modeInWords(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
