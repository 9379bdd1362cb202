/**
 * `sensorctl verify`: compares what the outbox believes that each destination has stored with what its
 * store says, by ranges of seqs, and mends what is different: what a store has lost and is still here is sent
 * again, what is not is named in the ledger, and what it has already is acknowledged.
 */

import { EXIT } from '../../lib/base/errors.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import type { OutboxLedger } from '../../lib/flow/outbox/ledger-view.ts';
import { isOf, RAW } from '../../lib/flow/outbox/tiers.ts';
import {
  countOf,
  difference,
  formatRanges,
  intersection,
  NO_SEQS,
  normalized,
  type SeqRanges,
} from '../../lib/flow/seq-ranges.ts';
import type { HttpDelivery } from '../../lib/flow/sync/deliver.ts';
import { readSecrets } from '../wiring/secrets.ts';
import { VERSION } from '../wiring/version.ts';
import type { Command } from './command.ts';
import { lookingAt } from './damaged.ts';
import { type OutboxStep, takeSteps } from './outbox-change.ts';
import { findPlaces } from './places.ts';
import { createProgress, type Progress } from './progress.ts';
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
/** More than the most torn stream needs: a bound for a store that never comes to an end. */
const PAGES_MAX = 10_000;
/** What an order to the reader has room for, of ranges with the longest numbers. */
const RANGES_AT_ONCE = 40;

export const verify: Command = {
  name: 'verify',
  about: 'compare the outbox with what each destination has stored, and send again what it lost',
  options: { 'dry-run': { about: 'only say what is different' } },
  examples: [
    ['sensorctl verify', 'after a store was restored; exits with 1 if it lacked what it had stored'],
    ['sensorctl verify --dry-run', 'the same, and nothing is changed'],
  ],
  async run(context) {
    const places = findPlaces(context);
    const { config, outboxFile } = places;
    const dryRun = context.options['dry-run'] === true;
    const { readOutboxLedger } = await import('../../lib/flow/outbox/ledger-view.ts');
    const { createHttpDelivery } = await import('../../lib/flow/sync/deliver.ts');
    const ledger = await lookingAt('outbox', outboxFile, () => readOutboxLedger(outboxFile));
    const checks: DestinationCheck[] = [];
    const progress = createProgress(context);
    for (const one of config.destinations) {
      const http = createHttpDelivery({ url: one.url, version: VERSION, ...readSecrets(one) });
      try {
        checks.push(await compare(one.name, ledger, http, progress));
      } finally {
        await http.close();
      }
    }
    const steps = dryRun ? [] : checks.flatMap(stepsFor);
    const { readerRuns } = await takeSteps(places, steps);
    const { out } = context.terminal;
    if (context.json) {
      const answer = { dry_run: dryRun, reader_running: readerRuns, destinations: checks.map(asJson) };
      await out(printableJson(JSON.stringify(answer)));
    } else {
      for (const line of checks.flatMap((one) => inWords(one, dryRun))) await out(printable(line));
      if (steps.length > 0 && !readerRuns)
        context.terminal.note('The reader is not running: it sends them when it does.');
    }
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
  progress: Progress,
): Promise<DestinationCheck> {
  const { differenceFrom, readStreamThere } = await import('../../lib/flow/sync/stream-reading.ts');
  const own = ledger.destinations.find((one) => one.destination === destination);
  const differing: StreamCheck[] = [];
  let compared = 0;
  for (const { stream, seqs } of own === undefined ? [] : ledger.streams) {
    const options = { from: seqs[0], deadlineMs: PAGE_DEADLINE_MS, pagesMax: PAGES_MAX };
    const there = await readStreamThere(http, stream, options);
    if (typeof there === 'string') return { destination, compared, differing, failed: there };
    compared += 1;
    progress(compared, ledger.streams.length, `streams of ${destination}`);
    const gone = normalized(
      ledger.gone
        .filter((one) => one.stream === stream && (one.destination ?? destination) === destination)
        .map(({ lo, hi }) => [lo, hi] as const),
    );
    const acknowledged = intersection(own?.acknowledged ?? NO_SEQS, [seqs]);
    const { missing, ahead } = differenceFrom({ stream, seqs, acknowledged, gone }, there);
    const check = {
      stream,
      lostHere: intersection(missing, ledger.present),
      lost: difference(missing, ledger.present),
      ahead: intersection(ahead, own?.waiting ?? NO_SEQS),
    };
    if (!isSound(check) || check.ahead.length > 0) differing.push(check);
  }
  return { destination, compared, differing, failed: undefined };
}

/** The same for the running reader and for the file. */
function stepsFor({ destination, differing }: DestinationCheck): OutboxStep[] {
  return differing.flatMap(({ stream, lost, lostHere, ahead }) => {
    const step = (missing: SeqRanges, received: SeqRanges): OutboxStep => ({
      request: { command: 'outbox.reconcile', destinations: [destination], stream, missing, received },
      inFile: (outbox) => countOf(outbox.reconcile(destination, stream, { missing, received }).again),
    });
    return [
      ...inParts(normalized([...lost, ...lostHere])).map((part) => step(part, NO_SEQS)),
      ...inParts(ahead).map((part) => step(NO_SEQS, part)),
    ];
  });
}

function inParts(ranges: SeqRanges): SeqRanges[] {
  return Array.from({ length: Math.ceil(ranges.length / RANGES_AT_ONCE) }, (_, part) =>
    ranges.slice(part * RANGES_AT_ONCE, (part + 1) * RANGES_AT_ONCE),
  );
}

function inWords({ destination, compared, differing, failed }: DestinationCheck, dryRun: boolean): string[] {
  if (failed !== undefined) return [`${destination}: cannot be compared: ${failed}`];
  const would = dryRun ? 'would be ' : '';
  const lines = differing.flatMap(({ stream, lost, lostHere, ahead }) => [
    ...say(
      lost,
      stream,
      `acknowledged, not in its store, and no longer in the outbox: ${would}named in the ledger as lost`,
    ),
    ...say(lostHere, stream, `acknowledged, not in its store, and still in the outbox: ${would}sent again`),
    ...say(ahead, stream, `in its store already, and not acknowledged: ${would}acknowledged`),
  ]);
  const wrong = differing.some((one) => !isSound(one));
  const verdict = wrong ? 'differs' : `agrees (${count(compared, 'stream')} compared)`;
  return [`${destination}: ${verdict}`, ...lines];
}

function say(seqs: SeqRanges, stream: string, what: string): string[] {
  const [first] = seqs;
  if (first === undefined) return [];
  // All of a stream are of one tier.
  const noun = isOf(RAW, first[0]) ? 'reading' : 'thinned reading';
  return [`  ${count(countOf(seqs), noun)} (${formatRanges(seqs)} of ${stream}): ${what}`];
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
