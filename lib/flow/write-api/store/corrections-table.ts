/**
 * Declared clock corrections: readings that were sent with times nobody vouched for, and how much later they
 * were measured. A declaration is noted in the transaction of its batch and carried out in steps, one with each
 * request from then on: a boot without a clock can have left 100,000 readings, and moving them at once would keep
 * the write API from answering anybody for seconds. Until its turn comes a reading keeps its flag, which says
 * that its time is not to be trusted.
 *
 * Rollups follow in the same transaction: what is moved is taken from one and added to another.
 *
 * A correction stays on record after it has been carried out, so that a reading which was on its way all the
 * while is mended as it arrives.
 */

import { RELEASED_AT } from '../../../base/released-at.ts';
import type { SqliteDatabase } from '../../../base/sqlite.ts';
import type { Correction } from '../../batch.ts';
import { FLAG } from '../../reading.ts';
import type { CorrectionTask } from '../correction-task.ts';
import type { RecentReadings } from './recent-readings.ts';
import { UNTRUSTED_GRACE_MS } from './retention.ts';
import type { RollupChange, Rollups } from './rollups.ts';

export interface CorrectionsTable {
  /** Notes corrections of a stream, each once; `gateways` are the names under which it may have delivered. */
  declare(stream: number, gateways: Iterable<string>, corrections: readonly Correction[]): void;

  /** Carries them out a little further. */
  step(): void;

  /** All that are on record for a stream, the oldest first. */
  of(stream: number): readonly Correction[];
}

/** Readings looked at in one step: with every one of them moved, about the time of a full batch. */
const STEP_ROWS_MAX = 2_000;
/** Of one stream on record. A boot makes one for each stream of its runs, now and then a second. */
const ON_RECORD_MAX = 100;

interface Row {
  readonly at: number;
  readonly stream: number;
  readonly seq: number;
  readonly value: number;
  readonly flags: number;
}

export function createCorrectionsTable(
  database: SqliteDatabase,
  recent: Pick<RecentReadings, 'settle'>,
  rollups: Rollups,
): CorrectionsTable {
  const insert = database.prepare<[number, string, number, number, number, number, number]>(
    `INSERT OR IGNORE INTO corrections (stream, gateway, lo, hi, offset_ms, from_at, to_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const forget = database.prepare<[number, number, number]>(
    `DELETE FROM corrections WHERE stream = ? AND id <=
     (SELECT id FROM corrections WHERE stream = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
  );
  const nextTask = database.prepare<[], CorrectionTask>(
    `SELECT id, stream, gateway, lo, hi, offset_ms AS offset, from_at AS fromAt, to_at AS toAt,
            series, at, at_stream AS atStream, at_seq AS atSeq
     FROM corrections WHERE done = 0 ORDER BY id LIMIT 1`,
  );
  const seriesFrom = database
    .prepare<[number, string], number>(
      'SELECT id FROM series WHERE id >= ? AND gateway = ? ORDER BY id LIMIT 1',
    )
    .pluck();
  const rowsAfter = database.prepare<number[], Row>(
    `SELECT at, stream, seq, value, flags FROM readings
     WHERE series = ? AND (at, stream, seq) > (?, ?, ?) AND at <= ? ORDER BY at, stream, seq LIMIT ?`,
  );
  const move = database.prepare<number[]>(
    `UPDATE readings SET at = at + ?, flags = flags & ~${FLAG.clockUntrusted}
     WHERE series = ? AND at = ? AND stream = ? AND seq = ?`,
  );
  const keptFrom = database
    .prepare<[], number>(`SELECT raw_from_at - ${UNTRUSTED_GRACE_MS} FROM store`)
    .pluck();
  const reach = database.prepare<[number, number, number, number, number]>(
    'UPDATE corrections SET series = ?, at = ?, at_stream = ?, at_seq = ? WHERE id = ?',
  );
  const finish = database.prepare<[number]>('UPDATE corrections SET done = 1 WHERE id = ?');
  const onRecord = database
    .prepare<[number], Correction>(
      'SELECT lo, hi, offset_ms, from_at, to_at FROM corrections WHERE stream = ? ORDER BY id',
    )
    .raw();

  /** Looks at no more than `rowsMax` readings; says how many it may still look at when the task is done, else 0. */
  function advance(task: CorrectionTask, rowsMax: number, change: RollupChange): number {
    const { stream, lo, hi, offset, toAt } = task;
    const keptFromAt = keptFrom.get() ?? 0;
    let left = rowsMax;
    let { at, atStream, atSeq } = task;
    let series = task.series;
    for (;;) {
      const id = seriesFrom.get(series, task.gateway);
      if (id === undefined) {
        finish.run(task.id);
        return left;
      }
      // Streams and seqs begin at 1: behind (fromAt, 0, 0) comes the first reading of that moment.
      if (id !== task.series) [at, atStream, atSeq] = [task.fromAt, 0, 0];
      const rows = rowsAfter.all(id, at, atStream, atSeq, toAt, left);
      for (const row of rows) {
        // What is being removed because of its age stays in its rollup, and must not be counted in another.
        const kept = row.at >= keptFromAt || row.at < RELEASED_AT;
        const ours = kept && row.stream === stream && row.seq >= lo && row.seq <= hi;
        if (!ours || (row.flags & FLAG.clockUntrusted) === 0) continue;
        move.run(offset, id, row.at, stream, row.seq);
        change.remove(id, row.at, row.flags);
        change.add(id, row.at + offset, stream, row.seq, row.value, row.flags & ~FLAG.clockUntrusted);
      }
      const last = rows.at(-1);
      if (last !== undefined && rows.length === left) {
        reach.run(id, last.at, last.stream, last.seq, task.id);
        return 0;
      }
      left -= rows.length;
      series = id + 1;
    }
  }

  return {
    declare(stream, gateways, corrections) {
      if (corrections.length === 0) return;
      for (const gateway of new Set(gateways)) {
        for (const [lo, hi, offset, fromAt, toAt] of corrections) {
          insert.run(stream, gateway, lo, hi, offset, fromAt, toAt);
        }
      }
      forget.run(stream, stream, ON_RECORD_MAX);
    },
    step() {
      let task = nextTask.get();
      if (task === undefined) return;
      // It looks for readings where their places are.
      recent.settle();
      const change = rollups.begin();
      for (let left = STEP_ROWS_MAX; task !== undefined && left > 0; task = nextTask.get()) {
        left = advance(task, left, change);
      }
      change.flush();
    },
    of: (stream) => onRecord.all(stream),
  };
}
