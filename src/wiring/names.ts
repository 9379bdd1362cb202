/** The names by which the programs and their files are known to each other, to units and to scripts. */

import { join } from 'node:path';

export const READER = 'sensor-main';
export const WRITE_API = 'sensor-api-write';
export const OUTBOX_FILE = 'outbox.db';
/** Room kept for the moment at which the disk is full: see `lib/flow/outbox/ballast.ts`. */
export const BALLAST_FILE = 'ballast';
export const STORE_FILE = 'store.db';

/** Where the reader takes requests from `sensorctl`. */
export function controlPath(runDir: string): string {
  return join(runDir, `${READER}.sock`);
}
