/** What SQLite throws, sorted by who can mend it: time, a person, or a programmer. One table, tested whole. */

import { codeOf, messageOf } from '../../../base/errors.ts';
import { StoreFault, type StoreFaultCode } from '../readings-store.ts';

/** Primary result codes; SQLite's extended ones (`SQLITE_IOERR_FSYNC`) begin with them. */
const FAULTS: readonly (readonly [prefix: string, code: StoreFaultCode])[] = [
  ['SQLITE_BUSY', 'store_busy'],
  ['SQLITE_LOCKED', 'store_busy'],
  ['SQLITE_FULL', 'store_full'],
  ['SQLITE_IOERR', 'store_io'],
  ['SQLITE_READONLY', 'store_io'],
  ['SQLITE_CANTOPEN', 'store_io'],
  ['SQLITE_PROTOCOL', 'store_io'],
  ['SQLITE_NOMEM', 'store_io'],
  ['SQLITE_CORRUPT', 'store_corrupt'],
  ['SQLITE_NOTADB', 'store_corrupt'],
];

/** `undefined` for everything that waiting does not mend: a broken constraint, a misuse, an error of ours. */
export function storeFaultOf(thrown: unknown): StoreFaultCode | undefined {
  const code = codeOf(thrown);
  if (code !== undefined)
    return FAULTS.find(([prefix]) => code === prefix || code.startsWith(`${prefix}_`))?.[1];
  // better-sqlite3 words this one without a code.
  if (thrown instanceof TypeError && thrown.message === 'The database connection is not open')
    return 'store_closed';
  return undefined;
}

/** The same as a `StoreFault` if it is one, otherwise unchanged. */
export function asStoreFault(thrown: unknown): unknown {
  const code = storeFaultOf(thrown);
  return code === undefined ? thrown : new StoreFault(code, `the store: ${messageOf(thrown)}`, thrown);
}
