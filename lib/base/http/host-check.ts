/**
 * Whom a request believes to be talking to. A web page anywhere can point a name of its own at 127.0.0.1
 * and have a visitor's browser post to us (DNS rebinding); its requests then carry that name. Addresses
 * cannot be rebound, so they are always welcome; of names only localhost is.
 */

import { isIP } from 'node:net';

/** Whether a Host header (with or without a port) names us: an address or localhost. */
export function isOurHost(header: string | undefined): boolean {
  if (header === undefined) return false;
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(header);
  const name = match?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (name === 'localhost') return true;
  return isIP(name.startsWith('[') ? name.slice(1, -1) : name) !== 0;
}
