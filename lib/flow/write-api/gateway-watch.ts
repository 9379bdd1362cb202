/**
 * Whether two machines deliver under one name: a card that was copied, or a name that was given twice. Both have
 * streams of their own, so nothing is lost or doubled, but what they measured stands mixed in one series.
 *
 * A gateway begins a stream with each start of its reader, and what a stream before had left comes later: older
 * readings than those that come fresh. So the newest reading of a gateway is of one stream, then of the next, and never
 * of one before again. Where it goes back and forth, two are alive. Times of two clocks that are further apart than
 * their rounds hide that; nothing that one machine does looks like it.
 */

import type { Clock } from '../../base/clock.ts';
import type { Observe } from '../flow-event.ts';
import type { IncomingBatch } from './readings-store.ts';

export interface GatewayWatch {
  /** A reader has delivered this from there. */
  note(batch: Pick<IncomingBatch, 'gateway' | 'stream' | 'rows'>, from: string): void;
  /** Of which that was so a moment ago, a few of them. */
  doubled(): readonly DoubledGateway[];
}

export interface DoubledGateway {
  readonly gateway: string;
  /** The two latest, and where each came from. */
  readonly streams: readonly { readonly stream: string; readonly from: string }[];
}

interface Known {
  /** The latest delivered last. */
  streams: readonly Seen[];
  /** Which of them has the newest reading. */
  lead: string;
  /** When the lead went back to a stream that had had it before, the latest last. */
  returnsMono: readonly number[];
}

interface Seen {
  readonly stream: string;
  readonly from: string;
  readonly newestAt: number;
}

/** Once may be a clock that was set in between; two machines come to this within a minute. */
const RETURNS_MIN = 4;
const WITHIN_MS = 3_600_000;
/** It is over when it has not happened for so long: a pause of the breaker, and a few rounds. */
const LASTS_MS = 300_000;
/** Two are alive, and a start or two of each may lie in between. */
const STREAMS_KEPT = 6;
/** A fleet; 1 KiB each. */
const GATEWAYS_KEPT = 1_000;
const TOLD_MAX = 20;

export function createGatewayWatch({
  clock,
  observe,
}: {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly observe: Observe;
}): GatewayWatch {
  const gateways = new Map<string, Known>();

  function keep(gateway: string, known: Known): void {
    gateways.delete(gateway);
    gateways.set(gateway, known);
    const [oldest] = gateways.keys();
    if (gateways.size > GATEWAYS_KEPT && oldest !== undefined) gateways.delete(oldest);
  }

  return {
    note({ gateway, stream, rows }, from) {
      if (stream === undefined || rows.length === 0) return;
      const newest = rows.reduce((most, [, , at]) => Math.max(most, at), 0);
      const nowMono = clock.monotonicMs();
      const before = gateways.get(gateway) ?? { streams: [], lead: stream, returnsMono: [] };
      const own = before.streams.find((one) => one.stream === stream);
      const others = before.streams.filter((one) => one !== own);
      const newestAt = Math.max(newest, own?.newestAt ?? 0);
      const leads = others.every((one) => one.newestAt < newestAt);
      const isReturn = leads && own !== undefined && before.lead !== stream;
      const returnsMono = [...before.returnsMono, ...(isReturn ? [nowMono] : [])]
        .filter((mono) => nowMono - mono < WITHIN_MS)
        .slice(-RETURNS_MIN);
      const streams = [...others, { stream, from, newestAt }].slice(-STREAMS_KEPT);
      keep(gateway, { streams, lead: leads ? stream : before.lead, returnsMono });
      if (isReturn && returnsMono.length >= RETURNS_MIN)
        observe({ type: 'gateway.doubled', gateway, streams: lastTwo(streams) });
    },
    doubled: () =>
      [...gateways]
        .filter(
          ([, { returnsMono }]) =>
            returnsMono.length >= RETURNS_MIN && clock.monotonicMs() - (returnsMono.at(-1) ?? 0) < LASTS_MS,
        )
        .slice(-TOLD_MAX)
        .map(([gateway, { streams }]) => ({ gateway, streams: lastTwo(streams) })),
  };
}

const lastTwo = (streams: readonly Seen[]) => streams.slice(-2).map(({ stream, from }) => ({ stream, from }));
