/**
 * What a command says when the database that it looks at is damaged, or cannot be read: which file, and who mends it.
 * SQLite itself names no file. Nothing is set aside here: that is the owner's, who is told by its own looks.
 */

import { isCorruption } from '../../lib/base/damaged-file.ts';
import { codeOf, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { STORE_FAULTS, StoreFault } from '../../lib/flow/write-api/readings-store.ts';
import { READER, WRITE_API } from '../wiring/names.ts';

const OWNED = {
  outbox: { code: 'SGW_OUTBOX_DAMAGED', owner: READER },
  store: { code: 'SGW_STORE_DAMAGED', owner: WRITE_API },
} as const;
type Owned = keyof typeof OWNED;

/** Throws `SGW_OUTBOX_DAMAGED`, `SGW_STORE_DAMAGED` or `SGW_DATA_DIR_UNUSABLE` for what SQLite throws in `look`. */
export async function lookingAt<T>(database: Owned, file: string, look: () => T | Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw explained(database, file, error);
  }
}

/** The same for what was thrown already; anything else as it is. */
export function explained(database: Owned, file: string, error: unknown): unknown {
  if (error instanceof GatewayError) return error;
  const cause = error instanceof StoreFault ? error.cause : error;
  const { code, owner } = OWNED[database];
  if (isCorruption(cause))
    return new GatewayError(code, `the ${database} ${file} is damaged: ${messageOf(cause)}`, {
      hint: `systemctl restart ${owner} sets it aside, begins a fresh one, and saves what can be read; or sensorctl backup restore FILE.`,
      cause,
    });
  // A wrong statement is a bug of ours, and says so with its place.
  if (!/^SQLITE_(BUSY|LOCKED|PROTOCOL|IOERR|NOMEM|FULL)/.test(codeOf(cause) ?? '')) return error;
  return new GatewayError('SGW_DATA_DIR_UNUSABLE', `cannot read ${file}: ${messageOf(cause)}`, {
    hint: STORE_FAULTS.store_io.hint,
    cause,
  });
}
