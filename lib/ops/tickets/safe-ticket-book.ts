/**
 * The ticket book for whoever must go on watching, whatever has become of its file. A file that is damaged, at the
 * start or in the middle of a call, is set aside and begun afresh, and the call is made again; that it was so is the
 * first ticket of the new file. A call that meets damage asks the file once more before that. What was wrong is found
 * again by the next looks; what people had written is on the shelf (`quarantine/`). A file that merely cannot be
 * reached is not damage, and is thrown as it is.
 */

import { existsSync, rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { castsDoubt, isCorruption, moveAside, openOrReplace } from '../../base/damaged-file.ts';
import { messageOf } from '../../base/errors.ts';
import { freeBytesAt } from '../../base/free-bytes.ts';
import {
  latestBase,
  noteBase,
  noteSalvaged,
  type ShelfBounds,
  tidyShelf,
} from '../../base/quarantine-shelf.ts';
import { openTicketBook, type TicketBookOptions } from './open-ticket-book.ts';
import type { TicketBook } from './ticket-book.ts';

export interface SafeTicketBookOptions extends Omit<TicketBookOptions, 'clock' | 'firstId'> {
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs'>;
  /** The file was damaged, and lies there now. */
  readonly onSetAside: (dir: string, reason: string) => void;
}

/** As the invariant names it that looks for damaged files: it goes on counting the ticket, and resolves it. */
const FILE_DAMAGED = 'file_damaged';

/** More changes than a file sees in its life, so that a number in somebody's mail never means two things. */
const NUMBERS_PER_FILE = 1_000_000;
/** A book has a few MiB; the room belongs to readings. */
const SHELF: ShelfBounds = { bytesMax: 64 * 1_048_576, diskReserveBytes: 128 * 1_048_576 };

/** Throws what `openTicketBook` throws for a file that is not damaged. */
export function openTicketBookSafely(options: SafeTicketBookOptions): TicketBook {
  const { file } = options;
  removeUnborn(file);
  let book = opened();

  function opened(): TicketBook {
    const aside: Parameters<typeof sayDamaged>[1][] = [];
    const found = openOrReplace(
      { file, checkedWhole: ['tickets', 'changes'] },
      () => openTicketBook(withFirstId(options)),
      (reason) => aside.push({ dir: setAside(options, reason), reason }),
    );
    for (const one of aside) sayDamaged(found, one);
    return found;
  }

  function begunAfresh(reason: string): TicketBook {
    const dir = setAside(options, reason);
    const fresh = openTicketBook(withFirstId(options));
    sayDamaged(fresh, { dir, reason });
    return fresh;
  }

  function sayDamaged(fresh: TicketBook, { dir, reason }: { dir: string; reason: string }): void {
    try {
      options.onSetAside(dir, reason);
      fresh.report([damagedFinding(file, dir, reason)], FILE_DAMAGED, options.clock.wallMs());
    } catch (error) {
      // A disk that is full by now: whoever tries again opens the file anew.
      closed(fresh);
      throw error;
    }
  }

  function safely<T>(call: (book: TicketBook) => T): T {
    try {
      return call(book);
    } catch (error) {
      if (!castsDoubt(error)) throw error;
    }
    closed(book);
    book = opened();
    try {
      return call(book);
    } catch (error) {
      if (!castsDoubt(error)) throw error;
      closed(book);
      book = begunAfresh(messageOf(error));
      return call(book);
    }
  }

  return {
    report: (...said) => safely((one) => one.report(...said)),
    recovered: (...said) => safely((one) => one.recovered(...said)),
    move: (move) => safely((one) => one.move(move)),
    find: (id) => safely((one) => one.find(id)),
    list: (question) => safely((one) => one.list(question)),
    changesAfter: (...range) => safely((one) => one.changesAfter(...range)),
    historyOf: (...range) => safely((one) => one.historyOf(...range)),
    close: () => closed(book),
  };
}

/** A damaged file may not even close in peace, and needs no more peace. */
function closed(book: TicketBook): void {
  try {
    book.close();
  } catch (error) {
    if (!isCorruption(error)) throw error;
  }
}

/** An empty file without a log is one whose birth a power cut has interrupted: there was nothing in it to lose. */
function removeUnborn(file: string): void {
  if (existsSync(file) && statSync(file).size === 0 && !existsSync(`${file}-wal`)) rmSync(file);
}

function withFirstId(options: SafeTicketBookOptions): TicketBookOptions {
  const firstId = latestBase(options.file);
  return firstId === undefined ? options : { ...options, firstId };
}

function setAside({ file, clock }: SafeTicketBookOptions, reason: string): string {
  // Noted first: a crash after the first rename must not lose where the numbers begin.
  const firstSeq = (latestBase(file) ?? 1) + NUMBERS_PER_FILE;
  noteBase(file, firstSeq);
  const dir = moveAside(file, { reason, at: clock.wallMs(), firstSeq });
  // Nothing is brought back from it: what holds is found again.
  noteSalvaged(dir, { at: clock.wallMs() });
  tidyShelf(file, SHELF, () => freeBytesAt(dirname(file)));
  return dir;
}

function damagedFinding(file: string, dir: string, reason: string) {
  return {
    key: `${FILE_DAMAGED}:${basename(file)}`,
    invariant: FILE_DAMAGED,
    subject: basename(file),
    severity: 'warning',
    title: `the tickets so far are set aside, because their file was damaged: ${reason}`,
    hint: `What is wrong now is found again. The old file lies in ${dir}. If it happens again, the card is failing: replace it.`,
    evidence: { dir, reason },
  } as const;
}
