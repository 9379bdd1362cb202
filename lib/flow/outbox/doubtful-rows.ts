/**
 * What is done at an open about rows of the small tables that are not as they were written. A claim that
 * something was delivered is forgotten: what is still there waits again, and the store recognises it. A line of
 * the ledger that cannot be read may have named anything that nobody waits for, so all of that is named as lost:
 * for what a store has received, that is no contradiction. (A damaged table of streams makes the whole file untrusted:
 * `streams.ts` refuses it, and it is salvaged.)
 */

import { GatewayError } from '../../base/errors.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';
import { intersection, NO_SEQS, type SeqRanges } from '../seq-ranges.ts';
import { forgetToldAbove } from './destination-rows.ts';
import { openGoneLedger } from './gone.ts';
import type { Streams } from './streams.ts';

/**
 * What stands in the first two is told to others; a row that its table does not show any more would be told to nobody. A
 * series whose name has changed is one that its index still has: it could not be begun again, and no round be kept.
 */
const WHOLE = ['destinations', 'gone', 'series'];

/**
 * Throws `SGW_INTERNAL` if the pages of these tables are not whole: one flipped bit in the number of its rows empties
 * a page, and no checksum of a row notices. A few pages, so that it can be asked at every open.
 */
export function assertWhole(database: SqliteDatabase): void {
  for (const table of WHOLE) {
    const found = String(database.pragma(`integrity_check(${table})`, { simple: true }));
    if (found === 'ok') continue;
    throw new GatewayError('SGW_INTERNAL', `the table ${table} of the outbox is damaged: ${found}`, {
      hint: 'The next start replaces the file and saves what it holds.',
    });
  }
}

/** Removes claims of delivery whose checksum does not hold. */
export function mendAcknowledged(database: SqliteDatabase, { observe }: Pick<World, 'observe'>): void {
  const remove = database.prepare('DELETE FROM acknowledged WHERE crc IS NOT crc_of(destination, lo, hi)');
  const rows = remove.run().changes;
  if (rows > 0) observe({ type: 'outbox.mended', table: 'acknowledged', rows });
}

const BAD_GONE = 'crc IS NOT crc_of(id, stream, destination, lo, hi, cause, at)';

/** Replaces lines of the ledger whose checksum does not hold. Before the ledger is opened. */
export function mendLedger(
  database: SqliteDatabase,
  world: Pick<World, 'clock' | 'observe'>,
  streams: Pick<Streams, 'all'>,
  acknowledgedBy: ReadonlyMap<string, SeqRanges>,
): void {
  const damaged = database.prepare<[], { id: number; stream: string }>(
    `SELECT id, stream FROM gone WHERE ${BAD_GONE}`,
  );
  const mend = database.transaction((): number => {
    const rows = damaged.all();
    if (rows.length === 0) return 0;
    const gone = openGoneLedger(database, []);
    const all = streams.all();
    const named = all.filter(({ id }) => rows.some(({ stream }) => stream === id));
    const allNamed = rows.every(({ stream }) => named.some(({ id }) => id === stream));
    for (const { id, firstSeq, nextSeq } of allNamed ? named : all) {
      const whole: SeqRanges = nextSeq > firstSeq ? [[firstSeq, nextSeq - 1]] : NO_SEQS;
      for (const [destination, seqs] of acknowledgedBy) {
        gone.declare(id, intersection(seqs, whole), 'corrupt', { at: world.clock.wallMs(), destination });
      }
    }
    database.prepare(`DELETE FROM gone WHERE ${BAD_GONE}`).run();
    const newest = database.prepare<[], number>('SELECT coalesce(max(id), 0) FROM gone').pluck().get();
    forgetToldAbove(database, newest ?? 0);
    return rows.length;
  });
  const rows = mend.immediate();
  if (rows > 0) world.observe({ type: 'outbox.mended', table: 'gone', rows });
}
