/**
 * What the outbox knows of the clock that its rows were stamped by: which boot they belong to, which of their
 * times nobody has vouched for, when those may leave, and what destinations are still to be told of them
 * (docs/decisions/0013-readings-that-wait-for-a-clock.md). Durable, since trust may come after a restart.
 */

import { isSameBoot } from '../../base/boot-id.ts';
import type { Clock } from '../../base/clock.ts';
import type { SqliteDatabase } from '../../base/sqlite.ts';
import { FLAG, type Reading } from '../reading.ts';
import { NO_SEQS, type SeqRanges, union } from '../seq-ranges.ts';
import { prepareBoots } from './boots.ts';
import { type CorrectionLedger, openCorrections } from './corrections.ts';
import { type Book, createMirror } from './mirror.ts';
import { isUntrusted, openUntrustedRows, type UntrustedRows } from './untrusted.ts';

export interface ClockBookOptions {
  readonly bootId: string;
  /** How long rows wait for a trusted clock before they are sent as they are. */
  readonly holdMs: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** A row that has come back, and the boot that its monotonic time counts from. */
export interface ReturnedRow {
  readonly seq: number;
  readonly reading: Pick<Reading, 'at' | 'monoMs' | 'flags'>;
  readonly bootId: string;
}

export interface ClockBook extends Book {
  readonly untrusted: UntrustedRows;
  readonly corrections: CorrectionLedger;
  /** The small number of this boot. Inside a transaction. */
  boot(): number;
  /** That of the boot which the monotonic time of a reading counts from. Inside a transaction. */
  bootOf(reading: Pick<Reading, 'monoMs'>): number;
  /** Notes a row that has been inserted, if its time is untrusted and can still be mended. Inside a transaction. */
  noteAppended(seq: number, reading: Pick<Reading, 'at' | 'monoMs' | 'flags'>): void;
  /** The machine has slept, and the monotonic clock with it: from now on it counts from another boot. */
  beginBoot(bootId: string): void;
  /** Wall minus monotonic time of the last trusted moment of this boot. */
  trustedOffsetMs(): number | undefined;
  trust(offsetMs: number): void;
  /** The reading as it is to be written: with its true time, if that is known by now. */
  mended(reading: Reading): Reading;
  /** Notes rows that have come back. They may have been sent before. Inside a transaction. */
  noteReturned(rows: readonly ReturnedRow[]): void;
  /** Rows that wait for a trusted clock, and for how long still; no rows, no wait. */
  held(): { readonly seqs: SeqRanges; readonly forMs: number };
  /** These rows have been handed out to be sent. */
  noteOffered(destination: string, seqs: SeqRanges): void;
  offeredTo(destination: string): SeqRanges;
}

interface BootClock {
  readonly bootId: string;
  readonly trustedOffsetMs: number | null;
}

/** Boots of one run: one more with each sleep of the machine. What is still in memory is of the latest few. */
const EPOCHS_MAX = 100;

const NOTHING_HELD = { seqs: NO_SEQS, forMs: 0 };

/** Notes the boot, too. */
export function openClockBook(database: SqliteDatabase, options: ClockBookOptions): ClockBook {
  const { holdMs, clock } = options;
  const untrusted = openUntrustedRows(database);
  const corrections = openCorrections(database);
  const put = database.prepare<[string, number | null]>(
    'INSERT OR REPLACE INTO boot_clocks (boot_id, trusted_offset_ms) VALUES (?, ?)',
  );
  const drop = database.prepare<[string]>('DELETE FROM boot_clocks WHERE boot_id = ?');
  const inFile = database
    .prepare<[], BootClock>('SELECT boot_id AS bootId, trusted_offset_ms AS trustedOffsetMs FROM boot_clocks')
    .all();
  const clocks = createMirror<BootClock>(inFile, {
    keyOf: ({ bootId }) => bootId,
    put: ({ bootId, trustedOffsetMs }) => put.run(bootId, trustedOffsetMs),
    drop: ({ bootId }) => drop.run(bootId),
  });
  const tables = [untrusted, corrections, clocks];
  const boots = prepareBoots(database);

  const known = inFile.find(({ bootId }) => isSameBoot(bootId, options.bootId));
  let bootId = known?.bootId ?? options.bootId;
  /** Of which boot `number` is; behind `bootId` until the next row is written. */
  let numbered: { readonly bootId: string; readonly number: number };
  let before: typeof numbered;
  /**
   * From which moment on monotonic times count from which boot. A reading that no disk took may be older than a
   * sleep that has passed since: nothing that is known of the clock now says anything about its time.
   */
  let epochs = [{ sinceMono: Number.NEGATIVE_INFINITY, bootId }];
  let offered = new Map<string, SeqRanges>();
  /** What an earlier run of this boot may have sent before it ended. */
  let offeredToAll: SeqRanges = NO_SEQS;

  /** Inside a transaction. */
  function noted() {
    boots.forgetUnused();
    return { bootId, number: boots.numberOf(bootId) };
  }

  /** Nothing of another boot can be mended: its monotonic times count from elsewhere. */
  function startOver(): void {
    untrusted.clear();
    offered = new Map();
    offeredToAll = NO_SEQS;
    clocks.change([{ bootId, trustedOffsetMs: null }]);
  }
  if (known === undefined) startOver();
  else offeredToAll = untrusted.seqs();
  numbered = database
    .transaction(() => {
      for (const table of tables) table.write();
      return noted();
    })
    .immediate();
  before = numbered;
  for (const table of tables) table.written();

  function epochOf({ monoMs }: Pick<Reading, 'monoMs'>) {
    return epochs.findLast(({ sinceMono }) => monoMs >= sinceMono) ?? epochs[0];
  }
  const isOfThisBoot = (reading: Pick<Reading, 'monoMs'>) => epochOf(reading) === epochs.at(-1);

  function boot(): number {
    if (numbered.bootId !== bootId) numbered = noted();
    return numbered.number;
  }

  const trustedOffsetMs = () => clocks.rows()[0]?.trustedOffsetMs ?? undefined;

  return {
    untrusted,
    corrections,
    boot,
    bootOf(reading) {
      // First, because it may forget boots that no row is of.
      const now = boot();
      const epoch = epochOf(reading);
      return epoch === undefined || isOfThisBoot(reading) ? now : boots.numberOf(epoch.bootId);
    },
    noteAppended(seq, reading) {
      if (isOfThisBoot(reading)) untrusted.note(seq, reading);
    },
    beginBoot(id) {
      bootId = id;
      // Whole milliseconds, as in readings.
      epochs = [...epochs, { sinceMono: Math.floor(clock.monotonicMs()), bootId }].slice(-EPOCHS_MAX);
      startOver();
    },
    trustedOffsetMs,
    trust(offsetMs) {
      if (offsetMs !== trustedOffsetMs()) clocks.change([{ bootId, trustedOffsetMs: offsetMs }]);
    },
    mended(reading) {
      const offsetMs = trustedOffsetMs();
      if (offsetMs === undefined || !isUntrusted(reading) || !isOfThisBoot(reading)) return reading;
      const { monoMs, flags } = reading;
      return { ...reading, at: monoMs + offsetMs, flags: flags & ~FLAG.clockUntrusted };
    },
    noteReturned(rows) {
      for (const { seq, reading, bootId: its } of rows) {
        if (its !== bootId || !isUntrusted(reading)) continue;
        untrusted.note(seq, reading);
        offeredToAll = union(offeredToAll, [[seq, seq]]);
      }
    },
    held() {
      const sinceMono = untrusted.sinceMono();
      if (sinceMono === undefined) return NOTHING_HELD;
      const forMs = sinceMono + holdMs - clock.monotonicMs();
      return forMs <= 0 ? NOTHING_HELD : { seqs: untrusted.seqs(), forMs };
    },
    noteOffered(destination, seqs) {
      // Without such rows, which is nearly always, there is nothing to remember.
      if (untrusted.stretches().length === 0) return;
      offered.set(destination, union(offered.get(destination) ?? NO_SEQS, seqs));
    },
    offeredTo: (destination) => union(offeredToAll, offered.get(destination) ?? NO_SEQS),
    // That the clock is trusted, and how it stands, rides along with whatever is written next.
    pending: () => untrusted.pending() || corrections.pending(),
    begin() {
      for (const table of tables) table.begin();
    },
    write() {
      for (const table of tables) table.write();
    },
    written() {
      before = numbered;
      if (untrusted.stretches().length === 0 && offered.size > 0) offered = new Map();
      for (const table of tables) table.written();
    },
    rolledBack() {
      numbered = before;
      for (const table of tables) table.rolledBack();
    },
  };
}
