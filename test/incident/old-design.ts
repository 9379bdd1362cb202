/** What the model of the old design and those who start it have to agree on. */

/** As many as were measured with the original: a turn of its loop took 40 s while the API was frozen. */
export const OLD_SENSORS = ['old-1', 'old-2', 'old-3', 'old-4'] as const;

/** Its environment. */
export const OLD_READER = {
  port: 'OLD_READER_API_PORT',
  dir: 'OLD_READER_DIR',
  scale: 'OLD_READER_SCALE',
} as const;

/** Everything that it says. Times are wall time in milliseconds. */
export type OldReaderLine =
  | { event: 'reading.taken'; sensor: string; at: number }
  /** Neither posted nor saved in the backup. */
  | { event: 'reading.lost'; sensor: string; at: number }
  | { event: 'turn.ended'; at: number; durationMs: number }
  /** Tasks that wait for a session of the pool. */
  | { event: 'pool.waited_for'; waiting: number };
