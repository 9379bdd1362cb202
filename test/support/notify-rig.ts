/** A notifier with its real ledger, on virtual time, that tells what it has to tell to a channel which only listens. */

import { join } from 'node:path';
import { noteDamage } from '../../lib/base/damaged-file.ts';
import { createZone } from '../../lib/base/local-time.ts';
import type { QuietHours } from '../../lib/base/quiet-hours.ts';
import { createLiveness } from '../../lib/ops/liveness.ts';
import type { Channel, SendOutcome } from '../../lib/ops/notify/channel.ts';
import { openNotifyLedger } from '../../lib/ops/notify/ledger.ts';
import type { Message } from '../../lib/ops/notify/message.ts';
import { createNotifier, type Notifier, type NotifyEvent } from '../../lib/ops/notify/notifier.ts';
import type { ChannelStatus } from '../../lib/ops/notify/teller.ts';
import type { Severity } from '../../lib/ops/tickets/ticket.ts';
import { createPaperBook, type PaperBook } from './paper-book.ts';
import { createSeededRandom } from './seeded-random.ts';
import { tempDir } from './temp-dir.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export interface Heard {
  readonly channel: string;
  readonly message: Message;
  /** Wall time. */
  readonly at: number;
}

export interface NotifyRig {
  readonly clock: VirtualClock;
  readonly book: PaperBook;
  readonly file: string;
  readonly heard: Heard[];
  readonly events: NotifyEvent[];
  /** What a channel answers from now on; `silent`: nothing, ever; `lost`: it heard, and its answer is lost. */
  answer(next: SendOutcome | 'silent' | 'lost', channel?: string): void;
  /** Whether the disk of the tickets takes and gives anything. */
  refuse(is: boolean): void;
  /** Whether the disk of the ledger fails what is read of it, though it lets it be opened. */
  failReads(is: boolean): void;
  /** Ledgers that were opened and are not closed. */
  openLedgers(): number;
  status(): readonly ChannelStatus[];
  /** Starts it on the same files as before. */
  start(options?: RigOptions): Notifier;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Leaves it where it is, as a kill does: whatever it was waiting for never comes. */
  kill(): void;
}

export interface RigOptions {
  readonly channels?: readonly { readonly name: string; readonly severity?: Severity }[];
  readonly intervalMs?: number;
  readonly quiet?: QuietHours;
}

export const HOUR_MS = 3_600_000;

export function notifyRig(seed = 1): NotifyRig {
  const clock = createVirtualClock();
  const book = createPaperBook();
  const random = createSeededRandom(seed);
  const file = join(tempDir(), 'notify.db');
  const heard: Heard[] = [];
  const events: NotifyEvent[] = [];
  const answers = new Map<string, SendOutcome | 'silent' | 'lost'>();
  let diskRefuses = false;
  let readsFail = false;
  let openLedgers = 0;
  let running: { notifier: Notifier; run: Promise<void>; alive: { is: boolean } } | undefined;

  function channelOf(name: string, alive: { is: boolean }): Channel {
    return {
      name,
      type: 'webhook',
      to: `http://${name}.test`,
      async send(message, _deadlineMs, stopping) {
        // Nothing that a killed program still does is ever seen.
        if (!alive.is) return new Promise(() => {});
        const answer = answers.get(name) ?? { kind: 'sent', said: 'HTTP 200' };
        const isHeard = answer === 'lost' || (answer !== 'silent' && answer.kind === 'sent');
        if (isHeard) heard.push({ channel: name, message, at: clock.wallMs() });
        if (typeof answer !== 'string') return answer;
        await new Promise<void>((resolve) => stopping?.addEventListener('abort', () => resolve()));
        return undefined;
      },
    };
  }

  return {
    clock,
    book,
    file,
    heard,
    events,
    answer(next, channel = 'phone') {
      answers.set(channel, next);
    },
    refuse(is) {
      diskRefuses = is;
    },
    failReads(is) {
      readsFail = is;
    },
    openLedgers: () => openLedgers,
    start({ channels = [{ name: 'phone' }], intervalMs = HOUR_MS, quiet } = {}) {
      const alive = { is: true };
      const notifier = createNotifier({
        book: {
          list: book.list,
          changesAfter(id, limit) {
            if (diskRefuses) throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
            return book.changesAfter(id, limit);
          },
        },
        openLedger() {
          const ledger = openNotifyLedger({ file, wallMs: clock.wallMs, onQuarantined: () => {} });
          openLedgers += 1;
          return {
            ...ledger,
            breaker(name) {
              if (readsFail) throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
              return ledger.breaker(name);
            },
            close() {
              openLedgers -= 1;
              ledger.close();
            },
          };
        },
        noteDamage: (error) => noteDamage(file, error),
        recipients: channels.map(({ name, severity = 'warning' }) => ({
          channel: channelOf(name, alive),
          severity,
        })),
        clock,
        random,
        pulse: createLiveness(clock),
        gateway: 'greenhouse',
        zone: createZone('UTC'),
        intervalMs,
        quiet,
        onEvent: (event) => events.push(event),
      });
      running = { notifier, run: notifier.loop.run(), alive };
      return notifier;
    },
    status: () => running?.notifier.status() ?? [],
    async stop() {
      running?.notifier.loop.stop();
      await running?.run;
      running?.notifier.close();
      running = undefined;
    },
    kill() {
      if (running === undefined) return;
      running.alive.is = false;
      // Its connection goes with the process; whatever it still tries fails, and nobody hears of it.
      running.run.catch(() => {});
      running.notifier.close();
      running.notifier.loop.stop();
      running = undefined;
    },
  };
}
