/**
 * `sensorctl verify`: compares what the outbox believes that each destination has stored with what its
 * store says, by ranges of seqs. Only looks. What a store has lost is named, and whether the reading is
 * still in the outbox; what it has already is recognised when it comes again.
 */

import { EXIT } from '../../lib/base/errors.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import type { OutboxLedger } from '../../lib/flow/outbox/ledger-view.ts';
import {
  countOf,
  difference,
  formatRanges,
  intersection,
  NO_SEQS,
  normalized,
  type SeqRange,
  type SeqRanges,
  union,
} from '../../lib/flow/seq-ranges.ts';
import type { HttpDelivery } from '../../lib/flow/sync/deliver.ts';
import { readSecrets } from '../wiring/secrets.ts';
import { VERSION } from '../wiring/version.ts';
import type { Command } from './command.ts';
import { findPlaces } from './places.ts';
import { count } from './words.ts';

interface StreamCheck {
  readonly stream: string;
  /** Acknowledged here, and neither received nor gone there; still in the outbox. */
  readonly lostHere: SeqRanges;
  /** The same, but it has left the outbox: it cannot be sent again. */
  readonly lost: SeqRanges;
  /** Received there, and still waiting here. */
  readonly ahead: SeqRanges;
}

interface DestinationCheck {
  readonly destination: string;
  /** Streams compared. */
  readonly compared: number;
  readonly differing: readonly StreamCheck[];
  /** Why it could not be compared. */
  readonly failed: string | undefined;
}

/** A page is a look at a few rows of the store; a person waits for it. */
const PAGE_DEADLINE_MS = 10_000;

export const verify: Command = {
  name: 'verify',
  about: 'compare the outbox with what each destination says it has stored',
  options: {},
  examples: [['sensorctl verify', 'after a store was restored; exits with 1 if it lacks what it had stored']],
  async run(context) {
    const { config, outboxFile } = findPlaces(context);
    const { readOutboxLedger } = await import('../../lib/flow/outbox/ledger-view.ts');
    const { createHttpDelivery } = await import('../../lib/flow/sync/deliver.ts');
    const ledger = readOutboxLedger(outboxFile);
    const checks: DestinationCheck[] = [];
    for (const one of config.destinations) {
      const http = createHttpDelivery({ url: one.url, version: VERSION, ...readSecrets(one) });
      try {
        checks.push(await compare(one.name, ledger, http));
      } finally {
        await http.close();
      }
    }
    const { out } = context.terminal;
    if (context.json) await out(printableJson(JSON.stringify({ destinations: checks.map(asJson) })));
    else for (const line of checks.flatMap(inWords)) await out(printable(line));
    const sound = checks.every((one) => one.failed === undefined && one.differing.every(isSound));
    return sound ? EXIT.ok : EXIT.failed;
  },
};

/** What is ahead is no fault: its acknowledgement was lost on the way. */
function isSound({ lost, lostHere }: StreamCheck): boolean {
  return lost.length === 0 && lostHere.length === 0;
}

async function compare(
  destination: string,
  ledger: OutboxLedger,
  http: Pick<HttpDelivery, 'readStream'>,
): Promise<DestinationCheck> {
  const own = ledger.destinations.find((one) => one.destination === destination);
  const differing: StreamCheck[] = [];
  let compared = 0;
  for (const { stream, seqs } of own === undefined ? [] : ledger.streams) {
    const there = await readWhole(http, stream);
    if (typeof there === 'string') return { destination, compared, differing, failed: there };
    compared += 1;
    const given = ledger.gone.filter(
      (one) => one.stream === stream && (one.destination ?? destination) === destination,
    );
    const explained = normalized([...there.gone, ...given.map(({ lo, hi }) => [lo, hi] as const)]);
    const owed = intersection(own?.acknowledged ?? NO_SEQS, [seqs]);
    const missing = difference(difference(owed, there.received), explained);
    const check = {
      stream,
      lostHere: intersection(missing, ledger.present),
      lost: difference(missing, ledger.present),
      ahead: intersection(intersection(own?.waiting ?? NO_SEQS, [seqs]), there.received),
    };
    if (!isSound(check) || check.ahead.length > 0) differing.push(check);
  }
  return { destination, compared, differing, failed: undefined };
}

/** Every page of a stream; the reason if one cannot be had. */
async function readWhole(
  http: Pick<HttpDelivery, 'readStream'>,
  stream: string,
): Promise<{ received: SeqRanges; gone: SeqRanges } | string> {
  let received: SeqRanges = NO_SEQS;
  let gone: SeqRanges = NO_SEQS;
  for (let from: number | undefined = 1; from !== undefined; ) {
    const read = await http.readStream(stream, PAGE_DEADLINE_MS, from);
    if (read.kind === 'failed') return read.reason;
    received = union(received, normalized(read.answer.received));
    gone = union(gone, normalized(read.answer.gone.map(([lo, hi]): SeqRange => [lo, hi])));
    const { next } = read.answer;
    // A store that does not move on would keep us here for ever.
    from = next !== undefined && next > from ? next : undefined;
  }
  return { received, gone };
}

function inWords({ destination, compared, differing, failed }: DestinationCheck): string[] {
  if (failed !== undefined) return [`${destination}: cannot be compared: ${failed}`];
  const lines = differing.flatMap(({ stream, lost, lostHere, ahead }) => [
    ...say(
      lost,
      stream,
      'acknowledged and not in its store, and no longer in the outbox: they cannot be sent again',
    ),
    ...say(lostHere, stream, 'acknowledged and not in its store, and still in the outbox'),
    ...say(ahead, stream, 'in its store already, and still to be acknowledged: they will be recognised'),
  ]);
  const wrong = differing.some((one) => !isSound(one));
  const verdict = wrong ? 'differs' : `agrees (${count(compared, 'stream')} compared)`;
  return [`${destination}: ${verdict}`, ...lines];
}

function say(seqs: SeqRanges, stream: string, what: string): string[] {
  if (seqs.length === 0) return [];
  return [`  ${count(countOf(seqs), 'reading')} (${formatRanges(seqs)} of ${stream}): ${what}`];
}

function asJson({ destination, compared, differing, failed }: DestinationCheck): object {
  return {
    name: destination,
    compared,
    failed: failed ?? null,
    streams: differing.map(({ stream, lost, lostHere, ahead }) => ({
      stream,
      lost,
      lost_still_in_outbox: lostHere,
      ahead,
    })),
  };
}
