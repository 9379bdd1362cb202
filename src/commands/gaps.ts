/**
 * `sensorctl gaps`: every range of readings that the store of this machine does not have, and every time in
 * which a sensor has none, and why. The store says what came and what it was told will never come; the outbox
 * adds what is on its way, how far each stream of its own goes, and when nothing was read.
 */

import { existsSync } from 'node:fs';
import { EXIT } from '../../lib/base/errors.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import type { OutboxLedger } from '../../lib/flow/outbox/ledger-view.ts';
import { isOf, RAW } from '../../lib/flow/outbox/tiers.ts';
import {
  difference,
  formatRanges,
  intersection,
  normalized,
  type SeqRange,
  type SeqRanges,
  union,
} from '../../lib/flow/seq-ranges.ts';
import type { StreamBook, StreamBooks } from '../../lib/flow/write-api/store/stream-books.ts';
import { READER } from '../wiring/names.ts';
import { type Command, textOption } from './command.ts';
import { lookingAt } from './damaged.ts';
import { CAUSE_IN_WORDS, type Cause } from './gap-words.ts';
import { gapsOfTime, isExplained, timeGapAsJson, timeGapInWords } from './gaps-of-time.ts';
import { findPlaces } from './places.ts';
import { programState } from './running.ts';
import { storeFileOf } from './stored-readings.ts';
import { count, isoTime, localTime, parseMoment } from './words.ts';

interface Gap {
  readonly stream: string;
  readonly gateway: string;
  readonly lo: number;
  readonly hi: number;
  readonly cause: Cause;
  /** `undefined`: means that the outbox has not any more, and nobody else knows how many readings they were of. */
  readonly readings: number | undefined;
  /** Measured just before and just after it. */
  readonly afterAt: number | undefined;
  readonly beforeAt: number | undefined;
}

const SINCE_DEFAULT = '7d';

export const gaps: Command = {
  name: 'gaps',
  about: 'name what the store lacks, by seqs and by times, and why',
  options: {
    since: { value: 'TIME', about: `from then on: 2h, 7d ago, or an ISO time (default ${SINCE_DEFAULT})` },
  },
  examples: [
    ['sensorctl gaps --since 30d', 'what is missing of a month; exits with 1 if nobody can say why'],
  ],
  async run(context) {
    const nowMs = context.wallMs();
    const sinceAt = parseMoment('--since', textOption(context, 'since') ?? SINCE_DEFAULT, nowMs, 'gaps');
    const places = findPlaces(context);
    const { outboxFile, runDir, config } = places;
    const { openStreamBooks } = await import('../../lib/flow/write-api/store/stream-books.ts');
    const { countReadings, readOutboxLedger } = await import('../../lib/flow/outbox/ledger-view.ts');
    const storeFile = storeFileOf(places);
    const inOutbox = <T>(look: () => T) => lookingAt('outbox', outboxFile, look);
    const inStore = <T>(look: () => T) => lookingAt('store', storeFile, look);
    // The outbox first: what is delivered between the two looks is then on its way, and never missing.
    const outbox = existsSync(outboxFile) ? await inOutbox(() => readOutboxLedger(outboxFile)) : undefined;
    const books = await inStore(() => openStreamBooks(storeFile));
    try {
      const readingsOf = ({ lo, hi }: Pick<Gap, 'lo' | 'hi'>) => {
        if (!isOfMeans(lo)) return hi - lo + 1;
        const there = outbox === undefined ? undefined : countReadings(outboxFile, [lo, hi]);
        return there?.rows === hi - lo + 1 ? there.readings : undefined;
      };
      const missed = await inStore(() => dated(missing(books.streams, outbox), books, sinceAt));
      const found = await inOutbox(() => missed.map((gap): Gap => ({ ...gap, readings: readingsOf(gap) })));
      const readerRuns = programState(runDir, READER, nowMs).state === 'running';
      const silent =
        outbox === undefined
          ? []
          : await inStore(() =>
              gapsOfTime({ books, outbox, gateway: config.gateway, sinceAt, nowMs, readerRuns }),
            );
      const explained = found.every((gap) => gap.cause !== 'unexplained') && silent.every(isExplained);
      const { out, note } = context.terminal;
      if (context.json) {
        const answer = { explained, gaps: found.map(asJson), silences: silent.map(timeGapAsJson) };
        await out(printableJson(JSON.stringify(answer)));
      } else {
        for (const gap of found) await out(printable(inWords(gap)));
        for (const gap of silent) await out(printable(timeGapInWords(gap, nowMs)));
        if (found.length + silent.length === 0) note(`Nothing is missing since ${localTime(sinceAt)}.`);
      }
      return explained ? EXIT.ok : EXIT.failed;
    } finally {
      books.close();
    }
  },
};

type Uncounted = Omit<Gap, 'readings'>;
type Undated = Omit<Uncounted, 'afterAt' | 'beforeAt'>;

function missing(streams: readonly StreamBook[], outbox: OutboxLedger | undefined): Undated[] {
  const ours = new Map(outbox?.streams.map((one) => [one.stream, one.seqs]));
  const unheard = [...ours.keys()].filter((stream) => !streams.some((one) => one.stream === stream));
  const all = [
    ...streams,
    ...unheard.map(
      (stream): StreamBook => ({ stream, gateway: 'this one', received: [], gone: [], covered: [] }),
    ),
  ];
  const waiting = (outbox?.destinations ?? []).reduce<SeqRanges>((sum, one) => union(sum, one.waiting), []);

  return all.flatMap(({ stream, gateway, received, gone, covered }) => {
    const assigned = ours.get(stream);
    const extent = assigned === undefined ? [] : [assigned];
    const told = [
      ...gone,
      ...(outbox?.gone ?? [])
        .filter((one) => one.stream === stream)
        .map((one) => [one.lo, one.hi, one.cause] as const),
    ];
    const known = [...received, ...told.map(([lo, hi]) => [lo, hi] as const), ...extent];
    let left = difference(hull(known), received);
    const gapsOfStream: Undated[] = [];
    const take = (seqs: SeqRanges, cause: Cause) => {
      for (const [lo, hi] of intersection(left, seqs)) gapsOfStream.push({ stream, gateway, lo, hi, cause });
      left = difference(left, seqs);
    };
    // A seq only means something within its own stream: another gateway's rows do not wait here.
    if (assigned !== undefined) take(intersection(waiting, [assigned]), 'on_its_way');
    for (const [lo, hi, cause] of told) {
      // Declared by the reader; whether the means have come is what the store itself knows.
      if (cause === 'thinned') take(intersection([[lo, hi]], covered), cause);
      take([[lo, hi]], cause === 'thinned' ? 'thinned_not_here' : cause);
    }
    // Accepted between the two looks.
    if (assigned !== undefined) take([[assigned[1] + 1, Number.MAX_SAFE_INTEGER]], 'on_its_way');
    take(left, 'unexplained');
    return gapsOfStream.sort((a, b) => a.lo - b.lo);
  });
}

/** From the lowest to the highest: only in between can something be missing. */
function hull(ranges: readonly SeqRange[]): SeqRanges {
  const sorted = normalized(ranges);
  const [first, last] = [sorted[0], sorted.at(-1)];
  return first === undefined || last === undefined ? [] : [[first[0], last[1]]];
}

/** With the times of their neighbours, and without those that lie wholly before `sinceAt`. */
function dated(found: readonly Undated[], books: StreamBooks, sinceAt: number): Uncounted[] {
  const received = new Map(books.streams.map((one) => [one.stream, one.received]));
  const neighboursOf = ({ stream, lo, hi }: Undated) => {
    const have = received.get(stream) ?? [];
    return [have.findLast((range) => range[1] < lo)?.[1], have.find((range) => range[0] > hi)?.[0]] as const;
  };
  const wanted = new Map<string, Set<number>>();
  for (const gap of found) {
    const seqs = wanted.get(gap.stream) ?? new Set<number>();
    for (const seq of neighboursOf(gap)) if (seq !== undefined) seqs.add(seq);
    wanted.set(gap.stream, seqs);
  }
  const times = books.timesOf(wanted, sinceAt);
  return found.flatMap((gap) => {
    const [before, after] = neighboursOf(gap);
    const at = (seq: number | undefined) => (seq === undefined ? undefined : times.get(gap.stream)?.get(seq));
    const beforeAt = at(after);
    // What follows it was measured before that time: so was the gap.
    if (after !== undefined && beforeAt === undefined) return [];
    return [{ ...gap, afterAt: at(before), beforeAt }];
  });
}

/** Means have seqs of their own, and stand for readings that are named by theirs. */
const isOfMeans = (seq: number) => !isOf(RAW, seq);

/** `3 readings`, `2 means of 12 readings`, `2 means`. */
function sizeInWords({ lo, hi, readings }: Gap): string {
  const known = readings === undefined ? '' : count(readings, 'reading');
  if (!isOfMeans(lo)) return known;
  return `${count(hi - lo + 1, 'mean')}${known && ` of ${known}`}`;
}

function inWords(gap: Gap): string {
  const { gateway, stream, lo, hi, cause, afterAt, beforeAt } = gap;
  const from = afterAt === undefined ? '' : `, after ${localTime(afterAt)}`;
  const until = beforeAt === undefined ? '' : `, before ${localTime(beforeAt)}`;
  return `${gateway}  ${sizeInWords(gap)} (${formatRanges([[lo, hi]])} of ${stream})${from}${until}: ${CAUSE_IN_WORDS[cause]}`;
}

function asJson({ stream, gateway, lo, hi, readings, cause, afterAt, beforeAt }: Gap): object {
  return {
    gateway,
    stream,
    lo,
    hi,
    readings: readings ?? null,
    ...(isOfMeans(lo) ? { means: hi - lo + 1 } : {}),
    cause,
    after: isoTime(afterAt),
    before: isoTime(beforeAt),
  };
}
