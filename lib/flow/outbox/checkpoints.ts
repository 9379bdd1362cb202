/**
 * Writes the log back into the file and gives its room back while nothing waits. Without this the log
 * stays as large as the last outage has made it, and a start after a power cut reads all of it.
 */

import type { Clock } from '../../base/clock.ts';
import { isDiskCondition } from '../../base/disk-condition.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';

/**
 * Each writes the same few pages once more and syncs twice: at this pace that is a hundredth of what the
 * rounds in between have written.
 */
export const CHECKPOINT_EVERY_MS = 900_000;

/** Returns what to call after a commit that left nothing waiting. It never throws for the disk's sake. */
export function prepareCheckpoints(
  database: SqliteDatabase,
  { monotonicMs }: Pick<Clock, 'monotonicMs'>,
): () => void {
  let lastMono = monotonicMs();
  return () => {
    if (monotonicMs() - lastMono < CHECKPOINT_EVERY_MS) return;
    lastMono = monotonicMs();
    try {
      database.pragma('wal_checkpoint(TRUNCATE)');
    } catch (error) {
      if (!isDiskCondition(error)) throw error;
    }
  };
}
