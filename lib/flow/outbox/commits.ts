/**
 * The one way to change the rows of an outbox. Each commit does some work, and with it whatever is due:
 * acknowledgements and the ledger are written, damage is declared, a full outbox makes room, and rows that
 * everybody has leave. What is remembered of the file follows the commit, or does not.
 */

import type { SqliteDatabase } from '../../base/sqlite.ts';
import type { World } from '../flow-event.ts';
import { BATCH_ROWS_MAX, type GoneCause } from '../reading.ts';
import { NO_SEQS, type SeqRanges, union } from '../seq-ranges.ts';
import { leftOf } from './absent.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { type OutboxBounds, watchBounds } from './bounds.ts';
import type { ClockBook } from './clock-book.ts';
import { giveBackPages } from './compacting.ts';
import { assignedIn, below, type Extent, presentIn, readExtents } from './extents.ts';
import { createGivingUp } from './giving-up.ts';
import type { GoneLedger } from './gone.ts';
import { createRoom, type Room } from './room.ts';
import type { RowChecksum } from './row-checksum.ts';
import type { SeriesTable } from './series.ts';
import { createShedding } from './shedding.ts';
import type { Streams } from './streams.ts';
import { prepareThinning } from './thinning.ts';
import { ofTier } from './tiers.ts';

/**
 * Rows deleted in one transaction, so that no round waits long for it: 5 ms on a desktop, the pages
 * given back included. Must not be smaller than the largest batch, or a drain would acknowledge faster than it
 * trims.
 */
export const TRIM_ROWS_MAX = BATCH_ROWS_MAX;

/** Half as many are thinned in one: each is read, held against its checksum and summed up as well. */
const THIN_ROWS_MAX = TRIM_ROWS_MAX / 2;

/** What the file holds, in memory as far as it is asked for with every round. */
export interface Books {
  readonly database: SqliteDatabase;
  readonly destinations: readonly string[];
  readonly world: Pick<World, 'clock' | 'observe'>;
  readonly streams: Streams;
  readonly series: SeriesTable;
  readonly checksum: RowChecksum;
  readonly acknowledgements: Acknowledgements;
  readonly gone: GoneLedger;
  readonly clockBook: ClockBook;
}

export interface Commits {
  /** From the first row to the last, in each tier that has rows. */
  present(): SeqRanges;
  /** Everything that may ever have been assigned. */
  assigned(): SeqRanges;
  /** Every seq whose row has left. */
  left(): SeqRanges;
  /** The one that the next reading gets. */
  nextSeq(): number;
  /** One transaction. Throws what `work` or SQLite throws, and then nothing has changed. */
  run(work: () => void): void;
  /** As `run`, for work that puts rows back among those that had left. */
  runPuttingBack(seqs: SeqRanges, work: (left: SeqRanges) => void): void;
  /** Makes durable what has been noted, and trims; no commit if there is nothing to do. */
  flush(): void;
  /** Names seqs in the ledger, for all destinations or for one. Inside a transaction. */
  declare(seqs: SeqRanges, cause: GoneCause, destination?: string): void;
  /** Rows that are not as they were accepted leave without being sent to anybody, and are named. */
  discard(corrupt: SeqRanges): void;
}

export function createCommits(books: Books, bounds: OutboxBounds | undefined): Commits {
  const { database, destinations, streams, series, acknowledgements, gone, clockBook } = books;
  const { clock, observe } = books.world;
  const deleteRows = database.prepare<[number, number]>('DELETE FROM readings WHERE seq BETWEEN ? AND ?');
  const firstStays = database
    .prepare<[number, number], number | null>('SELECT min(seq) FROM readings WHERE seq BETWEEN ? AND ?')
    .pluck();

  let extents = readExtents(database);
  /** Rows found damaged: their acknowledgement and their place in the ledger go into one commit, the next. */
  let damaged: SeqRanges = NO_SEQS;
  /** Rows deleted by the present transaction. */
  let trimmed = 0;

  const isTrimmable = ({ tier, firstSeq }: Extent) => acknowledgements.throughAll(tier) >= firstSeq;

  function declare(seqs: SeqRanges, cause: GoneCause, destination?: string): void {
    if (seqs.length === 0) return;
    const whose = destination === undefined ? {} : { destination };
    for (const part of streams.split(seqs)) {
      gone.declare(part.stream, part.seqs, cause, { at: clock.wallMs(), ...whose });
    }
  }

  function createOurRoom(ofBounds: OutboxBounds): Room {
    const givingUp = createGivingUp({ destinations, acknowledgements, declare });
    const thinning = prepareThinning({ ...books, givingUp, rowsMax: THIN_ROWS_MAX });
    const shed = createShedding({ streams, givingUp, rowsMax: TRIM_ROWS_MAX });
    return createRoom({ database, bounds: watchBounds(database, ofBounds), thinning, shed, givingUp });
  }

  const room = bounds === undefined ? undefined : createOurRoom(bounds);

  /** What is due with every commit; when it is all that is done, `whole`. Returns what the tiers hold after it. */
  function settle(whole: boolean): readonly Extent[] {
    declare(damaged, 'corrupt');
    // What has been delivered leaves before anything undelivered does.
    if (!extents.some(isTrimmable) && destinations.length > 0) room?.step(extents);
    gone.write();
    clockBook.write();
    const reached = extents.map(trim);
    acknowledgements.write(below(reached), whole);
    if (trimmed > 0) giveBackPages(database);
    return reached;
  }

  function trim(extent: Extent): Extent {
    const { tier, firstSeq } = extent;
    const nextSeq = Math.max(extent.nextSeq, streams.nextSeq(tier) ?? 0);
    const through = Math.min(acknowledgements.throughAll(tier), firstSeq + TRIM_ROWS_MAX - 1);
    if (through < firstSeq) return { tier, firstSeq, nextSeq };
    trimmed += deleteRows.run(firstSeq, through).changes;
    streams.forgetBelow(tier, through + 1);
    // Behind a row that was put back, others have left before.
    return { tier, firstSeq: firstStays.get(...tier.space) ?? nextSeq, nextSeq };
  }

  const transaction = database.transaction((work: (() => void) | undefined): readonly Extent[] => {
    work?.();
    return settle(work === undefined);
  });

  function run(work: (() => void) | undefined): void {
    trimmed = 0;
    clockBook.begin();
    try {
      extents = transaction.immediate(work);
    } catch (error) {
      series.rolledBack();
      clockBook.rolledBack();
      streams.rolledBack();
      room?.rolledBack();
      throw error;
    }
    series.committed();
    acknowledgements.written();
    gone.written();
    clockBook.written();
    damaged = NO_SEQS;
    streams.reload();
    if (trimmed > 0) observe({ type: 'outbox.trimmed', rows: trimmed });
    for (const event of room?.committed() ?? []) observe(event);
  }

  return {
    present: () => presentIn(extents),
    assigned: () => assignedIn(extents),
    left: () => leftOf(database, extents),
    nextSeq: () => streams.newest().nextSeq,
    run,
    runPuttingBack(seqs, work) {
      const before = extents;
      extents = before.map((one) => ({
        ...one,
        firstSeq: Math.min(one.firstSeq, ofTier(one.tier, seqs)[0]?.[0] ?? one.firstSeq),
      }));
      try {
        run(() => work(leftOf(database, before)));
      } catch (error) {
        extents = before;
        throw error;
      }
    },
    flush() {
      const isPending = [acknowledgements, gone, clockBook].some((book) => book.pending());
      if (isPending || extents.some(isTrimmable)) run(undefined);
    },
    declare,
    discard(corrupt) {
      for (const destination of destinations) acknowledgements.note(destination, corrupt);
      damaged = union(damaged, corrupt);
      observe({ type: 'outbox.corrupted', stream: streams.of(corrupt[0]?.[0] ?? 0).id, seqs: corrupt });
    },
  };
}
