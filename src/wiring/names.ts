/** The names by which the programs and their files are known to each other, to units and to scripts. */

export const READER = 'sensor-main';
export const WRITE_API = 'sensor-api-write';
export const OUTBOX_FILE = 'outbox.db';
export const STORE_FILE = 'store.db';
