/**
 * The looking thread, seen by who watches. One that hangs is left behind and another goes on: a dead disk is to be
 * told of, and a monitor that starts afresh again and again would tell nothing.
 */

import { createAskedThread } from '../../base/asked-thread.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { AskLook } from './looks.ts';

/** What the thread says of a look that failed. */
export interface LookFailure {
  readonly code: string | undefined;
  readonly message: string;
}

/** A look that gave nothing: `late` if the thread had to be left behind. */
export class LookFailed extends Error {
  readonly code: string | undefined;
  readonly late: boolean;

  constructor({ code, message }: LookFailure, late = false) {
    super(message);
    this.name = 'LookFailed';
    this.code = code;
    this.late = late;
  }
}

export interface LookThread {
  readonly ask: AskLook;
  readonly hangs: boolean;
  close(): Promise<void>;
}

export interface LookThreadOptions {
  /** The compiled `look-worker`. */
  readonly worker: URL;
  readonly clock: Clock;
  /** 5 s if left out: an outbox with ten million rows takes the slowest card a second. */
  readonly lookMaxMs?: number;
}

const LOOK_MAX_MS = 5_000;
/** Parts are looked at one after the other; a part asks for a few things at once at most. */
const WAITING_MAX = 16;
/** A look at an outbox reads some thousand short rows. */
const HEAP_MIB = { young: 8, old: 24 } as const;
export const LOOK_BYTES_MAX = (HEAP_MIB.young + HEAP_MIB.old) * 1_048_576;

export function createLookThread({ worker, clock, lookMaxMs = LOOK_MAX_MS }: LookThreadOptions): LookThread {
  const failed = (message: string, late = false) => new LookFailed({ code: undefined, message }, late);
  const thread = createAskedThread<LookFailure>({
    worker,
    data: undefined,
    clock,
    name: 'look',
    answerMaxMs: lookMaxMs,
    waitingMax: WAITING_MAX,
    heapMiB: HEAP_MIB,
    errors: {
      closed: () => failed('nobody looks any more'),
      busy: () => failed('too many looks wait already'),
      late: () => failed(`no answer within ${lookMaxMs / 1_000} s`, true),
      ended: (cause) =>
        failed(
          cause === undefined ? 'the looking thread has ended' : `the looking thread: ${messageOf(cause)}`,
        ),
      answered: (failure) => new LookFailed(failure),
    },
    onGivenUp: () => {},
  });
  return {
    ask: (name, ...args) => thread.ask(name, args),
    get hangs() {
      return thread.hangs;
    },
    close: () => thread.close(),
  };
}
