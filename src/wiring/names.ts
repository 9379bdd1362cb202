/** The names by which the programs and their files are known to each other, to units and to scripts. */

import { join } from 'node:path';

export const READER = 'sensor-main';
export const WRITE_API = 'sensor-api-write';
export const MONITOR = 'sensor-monitor';
export const OUTBOX_FILE = 'outbox.db';
/** Room kept for the moment at which the disk is full: see `lib/flow/outbox/ballast.ts`. */
export const BALLAST_FILE = 'ballast';
export const TICKETS_BALLAST_FILE = 'tickets.ballast';
export const STORE_FILE = 'store.db';
/** What is wrong, as the monitor has found it. */
export const TICKETS_FILE = 'tickets.db';
/** What was told of them, and to whom. */
export const NOTIFY_FILE = 'notify.db';
/** The hashes of the tokens with which other gateways deliver here. */
export const TOKENS_FILE = 'tokens.json';

/** Where the reader takes requests from `sensorctl`. */
export function controlPath(runDir: string): string {
  return join(runDir, `${READER}.sock`);
}

/** Where the write API answers those who may open it; a name as short as the one above, for the same limit of Linux. */
export function apiSocketPath(runDir: string): string {
  return join(runDir, 'sensor-api.sock');
}
