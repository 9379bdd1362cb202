/**
 * Keeps SQLite's log from growing. A commit writes the log back once it has its size, and begins it anew, unless
 * somebody is still reading from an earlier state: then the log can only grow. Our own readers ask in short pages; a
 * foreign one, or a stopped one, may hold its state for hours. Then the log is emptied as soon as that has ended, and
 * somebody is told meanwhile.
 */

import { statSync } from 'node:fs';
import { isDiskCondition } from '../../../base/disk-condition.ts';
import type { SqliteDatabase } from '../../../base/sqlite.ts';
import { BUSY_TIMEOUT_MS } from '../../../base/sqlite-limits.ts';
import type { Observe } from '../../flow-event.ts';

export interface LogWatch {
  /** Looks at the log, and empties it if it has outgrown its size and nobody reads from it. Never waits. */
  look(): void;
}

/** A full batch may be in it besides what is about to be written back. */
const SIZES_MAX = 2;

export interface LogWatchOptions {
  readonly database: SqliteDatabase;
  /** With which a commit writes the log back. */
  readonly walBytes: number;
  readonly observe: Observe;
}

export function createLogWatch({ database, walBytes, observe }: LogWatchOptions): LogWatch {
  /** The size that was last told of; doubles until it is told of again. */
  let told = 0;

  function isEmptied(): boolean {
    // Waiting for a reader would keep every sender waiting, too.
    database.pragma('busy_timeout = 0');
    try {
      const [answer] = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      return answer?.busy === 0;
    } catch (error) {
      if (!isDiskCondition(error)) throw error;
      return false;
    } finally {
      database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }

  return {
    look() {
      const bytes = statSync(`${database.name}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      if (bytes <= SIZES_MAX * walBytes || isEmptied()) {
        if (told > 0) observe({ type: 'store.log_emptied', bytes: told });
        told = 0;
      } else if (bytes >= 2 * told) {
        told = bytes;
        observe({ type: 'store.log_held', bytes });
      }
    },
  };
}
