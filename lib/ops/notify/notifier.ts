/**
 * The loop that tells people: takes in what has become of tickets, and lets each channel send what is due there.
 * Channels are independent: each has its own news, its own breaker and at most one message under way, and one that
 * hangs costs the others a deadline at most. Nothing here makes a ticket wait.
 *
 * Its file is opened when it is first needed, and anew after the disk has refused something: what cannot be remembered
 * is not sent, and that is no reason for anything else to stop.
 */

import { castsDoubt } from '../../base/damaged-file.ts';
import { messageOf } from '../../base/errors.ts';
import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import { isPassing } from '../passing-trouble.ts';
import { createIntake, type Intake, type IntakeOptions, type Recipient } from './intake.ts';
import type { NotifyLedger } from './ledger.ts';
import { SEND_MAX_MS, TURN_EVERY_MS } from './limits.ts';
import {
  type ChannelEvent,
  type ChannelStatus,
  createTeller,
  type Teller,
  type TellingOptions,
} from './teller.ts';

export type NotifyEvent =
  | ChannelEvent
  /** The disk does not take or give back what must be kept, so nothing is sent. */
  | { readonly type: 'disk_failed'; readonly message: string };

export interface NotifierOptions extends TellingOptions, Pick<IntakeOptions, 'book'> {
  /** Throws what SQLite throws, and `SGW_DATA_DIR_UNUSABLE`. */
  readonly openLedger: () => NotifyLedger;
  /** It has turned out to be damaged: whoever opens it next looks into that. */
  readonly noteDamage: (error: unknown) => void;
  readonly recipients: readonly Recipient[];
  readonly pulse: Pulse;
  readonly onEvent: (event: NotifyEvent) => void;
}

export interface Notifier {
  readonly loop: Loop;
  /** None before the first turn, and while the disk fails. */
  status(): readonly ChannelStatus[];
  /** After the loop has ended. */
  close(): void;
}

/** The sends of all channels at once, and what is written before and after. */
const TURN_MAX_MS = SEND_MAX_MS + 10_000;

interface Opened {
  readonly ledger: NotifyLedger;
  readonly intake: Intake;
  readonly tellers: readonly Teller[];
}

export function createNotifier(options: NotifierOptions): Notifier {
  const { book, clock, recipients, onEvent } = options;
  let opened: Opened | undefined;
  let diskFailed = false;

  function open(): Opened {
    const ledger = options.openLedger();
    try {
      const intake = createIntake({ book, ledger, recipients, wallMs: clock.wallMs });
      const tellers = recipients.map(({ channel }) => createTeller({ channel, ledger, onEvent }, options));
      return { ledger, intake, tellers };
    } catch (error) {
      // It is opened anew with the next turn: a disk that opens files and fails reads would use up all handles.
      ledger.close();
      throw error;
    }
  }

  function close(): void {
    const closing = opened;
    opened = undefined;
    for (const teller of closing?.tellers ?? []) teller.close();
    closing?.ledger.close();
  }

  async function tell(stopping: AbortSignal): Promise<void> {
    if (opened === undefined) {
      opened = open();
      opened.intake.prepare();
    }
    opened.intake.takeIn();
    // All to their ends: none may still be at work on a file that is about to be closed.
    const ends = await Promise.allSettled(opened.tellers.map((one) => one.serve(stopping)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  function noteDisk(error: unknown): void {
    // It could be a bug of ours, too; people are to be told of things all the same.
    if (castsDoubt(error)) options.noteDamage(error);
    else if (!isPassing(error)) throw error;
    if (!diskFailed) onEvent({ type: 'disk_failed', message: messageOf(error) });
    diskFailed = true;
    close();
  }

  const loop = createLoop({
    name: 'notify',
    clock,
    pulse: options.pulse,
    turnMaxMs: TURN_MAX_MS,
    async turn(stopping) {
      try {
        await tell(stopping);
        diskFailed = false;
      } catch (error) {
        noteDisk(error);
      }
      return clock.monotonicMs() + TURN_EVERY_MS;
    },
  });

  return {
    loop,
    status() {
      try {
        return opened?.tellers.map((one) => one.status()) ?? [];
      } catch (error) {
        // What it is will be said by the next turn.
        if (!castsDoubt(error) && !isPassing(error)) throw error;
        return [];
      }
    },
    close,
  };
}
