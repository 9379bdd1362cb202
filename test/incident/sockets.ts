/**
 * What Linux knows of a process, read from outside: its memory, and the TCP connections between it and a
 * port of this machine. Nothing here asks the process itself, which may be too busy to answer.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** States in /proc/net/tcp, in hexadecimal. */
const ESTABLISHED = '01';
const SYN_SENT = '02';
const TIME_WAIT = '06';
const LISTEN = '0A';

interface TcpSocket {
  readonly localPort: number;
  readonly remotePort: number;
  readonly state: string;
  /** 0: it belongs to no process any more, or was not accepted by one yet. */
  readonly inode: number;
}

/** The rows of /proc/net/tcp. */
function parseTcpTable(text: string): TcpSocket[] {
  return text
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => columns.length > 9)
    .map((columns) => ({
      localPort: portOf(columns[1]),
      remotePort: portOf(columns[2]),
      state: columns[3] ?? '',
      inode: Number(columns[9]),
    }));
}

function portOf(address = ''): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

/** Connections of process `pid` to `port` that are open, or being opened: requests in flight, or idle ones kept. */
export function connectionsTo(port: number, pid: number, table: readonly TcpSocket[]): number {
  const own = socketsOf(pid);
  return table.filter(
    ({ remotePort, state, inode }) =>
      remotePort === port && (state === ESTABLISHED || state === SYN_SENT) && own.has(inode),
  ).length;
}

/** What whoever listens on `port` has to hold: its open connections, and those that its clients gave up. */
export function connectionsHeldAt(port: number, table: readonly TcpSocket[]): number {
  return table.filter(({ localPort, state }) => localPort === port && state !== LISTEN && state !== TIME_WAIT)
    .length;
}

function socketsOf(pid: number): Set<number> {
  const dir = `/proc/${pid}/fd`;
  const inodes = new Set<number>();
  for (const fd of readdirSync(dir)) {
    try {
      const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${dir}/${fd}`));
      if (match !== null) inodes.add(Number(match[1]));
    } catch {
      // Closed between the list and the look.
    }
  }
  return inodes;
}

export function tcpTable(): TcpSocket[] {
  return parseTcpTable(readFileSync('/proc/net/tcp', 'utf8'));
}

/** Resident memory, in bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? Number.NaN) * 1024;
}
