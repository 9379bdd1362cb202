/**
 * What one channel is told: decides what of its news is due, makes it one message, and sends that until somebody has
 * answered. A try is counted on the disk before it is made, and a message leaves only with its answer: at least once,
 * and each time the same under the same id; and nothing is sent that could not be remembered.
 */

import { type Breaker, type BreakerRecord, createBreaker } from '../../base/breaker.ts';
import type { Clock } from '../../base/clock.ts';
import { isDiskCondition } from '../../base/disk-condition.ts';
import type { Zone } from '../../base/local-time.ts';
import type { QuietHours } from '../../base/quiet-hours.ts';
import type { Random } from '../../base/random.ts';
import type { Channel, SendOutcome } from './channel.ts';
import type { ChannelRecord, NotifyLedger, Underway } from './ledger.ts';
import { PAUSES_MS, REFUSALS_MAX, SEND_MAX_MS } from './limits.ts';
import { composeMessage } from './message.ts';
import { isDue, toldOf } from './news.ts';

/** What a channel has to report of itself, for a log. */
export type ChannelEvent =
  | {
      readonly type: 'sent';
      readonly channel: string;
      readonly tickets: number;
      readonly said: string;
      readonly tries: number;
    }
  /** For the first time since it was well. */
  | { readonly type: 'failed'; readonly channel: string; readonly reason: string }
  | {
      readonly type: 'recovered';
      readonly channel: string;
      readonly failures: number;
      readonly failedMs: number;
    }
  /** Its content was refused again and again. */
  | {
      readonly type: 'given_up';
      readonly channel: string;
      readonly reason: string;
      readonly tickets: number;
    };

export interface ChannelStatus extends ChannelRecord {
  readonly channel: string;
  readonly type: string;
  readonly to: string;
  /** Things that wait to be told. */
  readonly waiting: number;
  readonly nextTryAt: number | null;
}

export interface TellingOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly gateway: string;
  /** Whose clocks the times in a message are of. */
  readonly zone: Zone;
  /** A thing is told once in so long. */
  readonly intervalMs: number;
  readonly quiet?: QuietHours | undefined;
}

export interface Teller {
  /** Sends what is due, if the channel may be tried. */
  serve(stopping: AbortSignal): Promise<void>;
  status(): ChannelStatus;
  close(): void;
}

export interface TellerDeps {
  readonly channel: Channel;
  readonly ledger: NotifyLedger;
  readonly onEvent: (event: ChannelEvent) => void;
}

/** Everything throws what SQLite throws when the disk refuses it. */
export function createTeller({ channel, ledger, onEvent }: TellerDeps, options: TellingOptions): Teller {
  const { clock, random } = options;
  const { name } = channel;
  const breaker: Breaker<SendOutcome> = createBreaker<SendOutcome>(
    {
      name,
      clock,
      random,
      failureOf: (outcome) => (outcome.kind === 'failed' ? outcome : undefined),
      load: () => ledger.breaker(name),
      save: saveBreaker,
    },
    // A message waits for nothing but its own next try: each failure is followed by a pause.
    { failuresToOpen: 1, stepsMs: PAUSES_MS },
  );

  /** A full disk costs the pause after a restart, and is met again where it matters. */
  function saveBreaker(record: BreakerRecord): void {
    try {
      ledger.saveBreaker(name, record);
    } catch (error) {
      if (!isDiskCondition(error)) throw error;
    }
  }

  /** The next message, if anything is due. */
  function make(): void {
    const nowAt = clock.wallMs();
    const rules = { nowAt, intervalMs: options.intervalMs, isQuiet: options.quiet?.now() !== undefined };
    const due = ledger.allNews(name).filter((one) => isDue(one, ledger.told(name, one.ticket.key), rules));
    if (due.length === 0) return;
    const record = ledger.channel(name);
    const { gateway, zone } = options;
    const id = random.streamId();
    const message = composeMessage(due, { id, at: nowAt, gateway, zone, overflow: record.overflow });
    ledger.atomically(() => {
      for (const { ticket } of due) ledger.dropNews(name, ticket.key);
      if (record.overflow > 0) ledger.saveChannel(name, { ...record, overflow: 0 });
      ledger.putUnderway(name, { message, news: due, tries: 0, refusals: 0 });
    });
  }

  function underway(): Underway | undefined {
    if (ledger.underway(name) === undefined) make();
    return ledger.underway(name);
  }

  /** What was under way has been told. */
  function end({ news }: Underway): void {
    for (const one of news) {
      const { key } = one.ticket;
      ledger.putTold(name, key, toldOf(one, ledger.told(name, key), clock.wallMs()));
    }
    ledger.endUnderway(name);
  }

  function sent(tried: Underway, said: string): void {
    const record = ledger.channel(name);
    const sentAt = clock.wallMs();
    ledger.atomically(() => {
      end(tried);
      ledger.saveChannel(name, { ...record, failingAt: null, failures: 0, reason: '', sentAt });
    });
    onEvent({ type: 'sent', channel: name, tickets: tried.news.length, said, tries: tried.tries });
    const { failures, failingAt } = record;
    const failedMs = Math.max(0, sentAt - (failingAt ?? sentAt));
    if (failures > 0) onEvent({ type: 'recovered', channel: name, failures, failedMs });
  }

  function failed(tried: Underway, { reason, verdict }: Extract<SendOutcome, { kind: 'failed' }>): void {
    const record = ledger.channel(name);
    const refusals = tried.refusals + (verdict === true ? 1 : 0);
    const givesUp = refusals >= REFUSALS_MAX;
    ledger.atomically(() => {
      const failingAt = record.failingAt ?? clock.wallMs();
      ledger.saveChannel(name, { ...record, failingAt, failures: record.failures + 1, reason });
      if (givesUp) end(tried);
      else ledger.putUnderway(name, { ...tried, refusals });
    });
    if (record.failures === 0) onEvent({ type: 'failed', channel: name, reason });
    if (givesUp) onEvent({ type: 'given_up', channel: name, reason, tickets: tried.news.length });
  }

  function nextTryAt(): number | null {
    const waitMs = breaker.dueMono() - clock.monotonicMs();
    return Number.isFinite(waitMs) && waitMs > 0 ? Math.round(clock.wallMs() + waitMs) : null;
  }

  return {
    async serve(stopping) {
      // What waits for the next try is put together only then, as it is by then.
      if (clock.monotonicMs() < breaker.dueMono()) return;
      const found = underway();
      if (found === undefined) return;
      const tried = { ...found, tries: found.tries + 1 };
      ledger.putUnderway(name, tried);
      const outcome = await breaker.fire(() => channel.send(tried.message, SEND_MAX_MS, stopping));
      if (outcome?.kind === 'sent') sent(tried, outcome.said);
      if (outcome?.kind === 'failed') failed(tried, outcome);
    },
    status: () => ({
      ...ledger.channel(name),
      channel: name,
      type: channel.type,
      to: channel.to,
      waiting: ledger.countNews(name) + (ledger.underway(name)?.news.length ?? 0),
      nextTryAt: nextTryAt(),
    }),
    close: () => breaker.close(),
  };
}
