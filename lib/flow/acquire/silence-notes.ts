/**
 * Silences on their way into the book: in the order in which they were noted, when the disk takes them. While readings
 * are held in memory nobody knows their seqs, so what ends among them is written once they have them.
 */

import type { Clock } from '../../base/clock.ts';
import { isDiskCondition } from '../../base/disk-condition.ts';
import type { Silence, SilenceBook } from '../silence.ts';

/** Its id is known once it has been written. */
export interface OpenSilence {
  id: number;
}

export interface SilenceNotes {
  /** One that begins, and goes on until it is closed. */
  open(silence: Omit<Silence, 'untilSeq' | 'toAt'>): OpenSilence;
  /** It ends with the last reading of now. */
  close(silence: OpenSilence): void;
  /** A point between two rounds: the last one, and the next. */
  noteNow(silence: Pick<Silence, 'cause' | 'sensor' | 'fromAt' | 'detail'>): void;
  /** Anything else to be done to the book; it may be done again. Tells whether it still waits for that. */
  later(work: () => void): () => boolean;

  /** Whether readings are in memory, without a seq: what is noted meanwhile lies somewhere among them. */
  hold(held: boolean): void;
  isHeld(): boolean;

  /** Writes what can be written now. Throws what is not the disk's fault. */
  settle(): void;
}

/** While the disk does not take them; each is a line. */
const PENDING_MAX = 1_000;

export function createSilenceNotes({
  book,
  clock,
}: {
  readonly book: SilenceBook;
  readonly clock: Pick<Clock, 'wallMs'>;
}): SilenceNotes {
  /** In order, for the next write; what it does to the book, it may do again. */
  let pending: { readonly work: () => void; readonly whenReleased: boolean }[] = [];
  let held = false;

  function later(work: () => void, whenReleased = false): () => boolean {
    const one = { work, whenReleased };
    if (pending.length < PENDING_MAX) pending.push(one);
    return () => pending.includes(one);
  }

  /** The last seq of now; while readings are held, the last one of those, which is known when they are written. */
  function endOfNow(): () => number {
    if (held) return () => book.lastSeq();
    const seq = book.lastSeq();
    return () => seq;
  }

  return {
    open(silence) {
      const opened: OpenSilence = { id: 0 };
      later(() => {
        opened.id = book.note({ ...silence, untilSeq: null, toAt: null });
      });
      return opened;
    },
    close(silence) {
      const until = endOfNow();
      const at = clock.wallMs();
      later(() => book.end(silence.id, until(), at), held);
    },
    noteNow(silence) {
      const [afterSeq, until, toAt] = [book.lastSeq(), endOfNow(), clock.wallMs()];
      later(() => void book.note({ ...silence, afterSeq, untilSeq: until(), toAt }), held);
    },
    later: (work) => later(work),
    hold(now) {
      held = now;
    },
    isHeld: () => held,
    settle() {
      const ready = pending.filter(({ whenReleased }) => !(held && whenReleased));
      if (ready.length === 0) return;
      try {
        book.write(() => {
          for (const { work } of ready) work();
        });
        pending = pending.filter((one) => !ready.includes(one));
      } catch (error) {
        // It is written when the disk is back; a crash before that is a start, which explains as much.
        if (!isDiskCondition(error)) throw error;
      }
    },
  };
}
