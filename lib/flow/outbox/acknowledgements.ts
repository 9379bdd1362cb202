/**
 * What each destination has acknowledged, as ranges of seqs. Everything below the first row of a tier is
 * acknowledged by everybody: by definition, because rows leave only then, and so a destination that is
 * new to the file starts with exactly the rows that are still there.
 *
 * Noted in memory first and written along with the next transaction. Losing a note in a crash only means
 * that its rows are sent again, and recognised. What the rows tell by having left is written only now and then:
 * in the steady state that is all there is to write, and it would cost each round a page.
 */

import { crcOf } from '../../base/cell-checksum.ts';
import { GatewayError } from '../../base/errors.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import { difference, type SeqRanges, union } from '../seq-ranges.ts';
import { leftOf } from './absent.ts';
import { assignedIn, type Extent } from './extents.ts';
import type { Tier } from './tiers.ts';

export interface Acknowledgements {
  /** Throws for a destination that is not configured. */
  of(destination: string): SeqRanges;
  note(destination: string, seqs: SeqRanges): void;
  /** Takes back a note that has not been written. */
  withdraw(destination: string, seqs: SeqRanges): void;
  /** Whether there are notes that `write` would make durable. */
  pending(): boolean;
  /**
   * The highest seq up to which every destination has acknowledged everything of the tier; one before its first if
   * there is none.
   */
  throughAll(tier: Tier): number;
  /**
   * Writes the notes; what `left` tells, which is what has no row any more, may wait unless `whole`. Inside a
   * transaction; `written` must follow its commit.
   */
  write(left: SeqRanges, whole: boolean): void;
  written(): void;
}

/**
 * So many commits may leave unwritten what is known by absence. Whoever saves rows from a damaged file cannot tell
 * an absence from a loss, and names these as lost: three minutes of readings, which their store says that it has.
 */
const UNWRITTEN_MAX = 16;

interface Ledger {
  ranges: SeqRanges;
  /** What the file says. Ranges are immutable, so being the same array means being the same set. */
  written: SeqRanges;
  /** What the file will say once the transaction has been committed. */
  writing: SeqRanges;
}

export function openAcknowledgements(
  database: SqliteDatabase,
  destinations: readonly string[],
  extents: readonly Extent[],
): Acknowledgements {
  const select = database
    .prepare<[string], [number, number]>(
      `SELECT lo, hi FROM acknowledged WHERE destination = ? AND crc = crc_of(destination, lo, hi) ORDER BY lo`,
    )
    .raw();
  const put = database.prepare<[string, number, number, number]>(
    `INSERT INTO acknowledged (destination, lo, hi, crc) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET hi = excluded.hi, crc = excluded.crc`,
  );
  const drop = database.prepare<[string, number]>(
    'DELETE FROM acknowledged WHERE destination = ? AND lo = ?',
  );

  const left = leftOf(database, extents);
  const assigned = assignedIn(extents);
  const ledgers = new Map<string, Ledger>();
  for (const destination of destinations) {
    const written = select.all(destination);
    assertAssigned(database, written, assigned);
    ledgers.set(destination, { ranges: union(written, left), written, writing: written });
  }
  let unwritten = 0;

  function ledgerOf(destination: string): Ledger {
    const ledger = ledgers.get(destination);
    if (ledger === undefined) throw new Error(`destination ${destination} is not configured`);
    return ledger;
  }

  const pending = () => [...ledgers.values()].some(({ ranges, written }) => ranges !== written);

  return {
    of: (destination) => ledgerOf(destination).ranges,
    note(destination, seqs) {
      const ledger = ledgerOf(destination);
      // A repeated acknowledgement must not cost a commit.
      if (difference(seqs, ledger.ranges).length === 0) return;
      ledger.ranges = union(ledger.ranges, seqs);
    },
    withdraw(destination, seqs) {
      const ledger = ledgerOf(destination);
      ledger.ranges = difference(ledger.ranges, seqs);
    },
    pending,
    throughAll({ space: [start] }) {
      // With no destination nobody has acknowledged anything, and every row stays.
      if (ledgers.size === 0) return start - 1;
      return Math.min(...[...ledgers.values()].map(({ ranges }) => endOfRun(ranges, start)));
    },
    write(left, whole) {
      const canWait = !whole && unwritten < UNWRITTEN_MAX;
      for (const [destination, ledger] of ledgers) {
        const { ranges, written } = ledger;
        ledger.writing = written;
        if (ranges === written || (canWait && isTold(ranges, written, left))) continue;
        ledger.writing = ranges;
        const now = new Map(ranges);
        const then = new Map(written);
        for (const lo of then.keys()) if (!now.has(lo)) drop.run(destination, lo);
        for (const [lo, hi] of now)
          if (then.get(lo) !== hi) put.run(destination, lo, hi, crcOf([destination, lo, hi]));
      }
    },
    written() {
      for (const ledger of ledgers.values()) ledger.written = ledger.writing;
      unwritten = pending() ? unwritten + 1 : 0;
    },
  };
}

/** Whether a file that says `written`, and has no rows of what has `left`, is understood as saying `ranges`. */
function isTold(ranges: SeqRanges, written: SeqRanges, left: SeqRanges): boolean {
  return (
    difference(written, ranges).length === 0 && difference(difference(ranges, written), left).length === 0
  );
}

/** A seq that was acknowledged was assigned: otherwise the next reading that gets it would count as delivered. */
function assertAssigned(database: SqliteDatabase, acknowledged: SeqRanges, assigned: SeqRanges): void {
  const [beyond] = difference(acknowledged, assigned);
  if (beyond === undefined) return;
  throw new GatewayError(
    'SGW_INTERNAL',
    `${database.name} says that seq ${beyond[0]} was delivered, and that it was never assigned`,
    { hint: 'The file is damaged. The next start replaces it and saves what it holds.' },
  );
}

/** The end of the unbroken run that has `start`; one before it if there is none. */
function endOfRun(ranges: SeqRanges, start: number): number {
  const run = ranges.find(([, hi]) => hi >= start);
  return run === undefined || run[0] > start ? start - 1 : run[1];
}
