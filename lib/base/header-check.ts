/**
 * Whether the first bytes of a file are such as we write them, where SQLite does not mind what they are: it takes a
 * file of a later format for one that it may only read, and any number for that of a schema.
 */

import { closeSync, openSync, readSync } from 'node:fs';

/** The database header of SQLite's file format, section 1.3. */
const HEADER_BYTES = 100;
const WRITE_FORMAT_AT = 18;
const READ_FORMAT_AT = 19;
const USER_VERSION_AT = 60;

/** 1 without a write-ahead log, 2 with one. */
const FORMAT_MAX = 2;
/** No version of ours will ever have so many schemas: such a number is damage, not a newer program. */
const USER_VERSION_MAX = 10_000;

/**
 * What is wrong with the header of a database, in words; `undefined` if nothing, or if it is too short to have one.
 * Throws what the system throws. Never for a file that this process has open: closing it would drop SQLite's locks.
 */
export function damageOfHeader(file: string): string | undefined {
  const header = Buffer.alloc(HEADER_BYTES);
  const handle = openSync(file, 'r');
  try {
    if (readSync(handle, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return undefined;
  } finally {
    closeSync(handle);
  }
  const format = Math.max(header.readUInt8(WRITE_FORMAT_AT), header.readUInt8(READ_FORMAT_AT));
  const isOurs = format <= FORMAT_MAX && header.readUInt32BE(USER_VERSION_AT) <= USER_VERSION_MAX;
  return isOurs ? undefined : 'its header is damaged';
}
