/** What a process holds right now, as the kernel counts it. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessSize {
  readonly residentKiB: number;
  readonly sockets: number;
}

export function sizeOf(pid: number): ProcessSize {
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (resident === undefined) throw new Error(`process ${pid} has ended`);
  const sockets = readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(`/proc/${pid}/fd/${fd}`));
  return { residentKiB: Number(resident), sockets: sockets.length };
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('socket:');
  } catch {
    return false; // Closed since it was listed.
  }
}
