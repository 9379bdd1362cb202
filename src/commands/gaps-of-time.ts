/**
 * Times in which a sensor of this gateway has no readings in the store, and why. A distance between two of its
 * readings of more than 2.5 of its intervals must have a cause: something between their seqs that is in the
 * ledger, still waits, or is written down as a silence.
 */

import type { OutboxLedger } from '../../lib/flow/outbox/ledger-view.ts';
import { intersection, type SeqRange, type SeqRanges, union } from '../../lib/flow/seq-ranges.ts';
import { isStart, type Silence } from '../../lib/flow/silence.ts';
import type { Edge, Pause } from '../../lib/flow/write-api/store/pauses.ts';
import type { StreamBooks } from '../../lib/flow/write-api/store/stream-books.ts';
import { CAUSE_IN_WORDS, type Cause } from './gap-words.ts';
import { ageInWords, count, isoTime, localTime } from './words.ts';

interface Reason {
  readonly cause: Cause;
  readonly detail: string;
}

export interface TimeGap {
  readonly sensors: readonly string[];
  /** Of the last reading before it, and of the first one after it, if there is one. */
  readonly fromAt: number;
  readonly toAt: number | undefined;
  readonly reasons: readonly Reason[];
}

export interface TimeGapDeps {
  readonly books: StreamBooks;
  readonly outbox: OutboxLedger;
  readonly gateway: string;
  readonly sinceAt: number;
  readonly nowMs: number;
  readonly readerRuns: boolean;
}

/** One reading that is missing is two intervals; half an interval is jitter. */
const INTERVALS_MAX = 2.5;
/** More would be a page about one gap. */
const SENSORS_NAMED_MAX = 8;

export function gapsOfTime(deps: TimeGapDeps): TimeGap[] {
  const { books, outbox, gateway, sinceAt, nowMs } = deps;
  const explain = explainer(deps);
  const found = outbox.sensors.flatMap(({ sensor, intervalMs }): TimeGap[] => {
    const limitMs = INTERVALS_MAX * intervalMs;
    return books
      .pausesOf({ gateway, sensor, sinceAt, limitMs })
      .filter(({ after, before }) => before !== undefined || nowMs - after.at > limitMs)
      .map(({ after, before }) => ({
        sensors: [sensor],
        fromAt: after.at,
        toAt: before?.at,
        reasons: explain(sensor, { after, before }),
      }))
      .filter((gap) => gap.toAt !== undefined || !isGoneForGood(gap));
  });
  return together(found, Math.min(...outbox.sensors.map((one) => one.intervalMs)));
}

export function isExplained({ reasons }: TimeGap): boolean {
  return reasons.every(({ cause }) => cause !== 'unexplained');
}

/** A sensor that was taken away need not be missed for ever. */
function isGoneForGood({ reasons }: TimeGap): boolean {
  return reasons.some(({ cause }) => cause === 'removed');
}

function explainer({ books, outbox, readerRuns }: TimeGapDeps) {
  const ours = new Map(outbox.streams.map((one) => [one.stream, one.seqs]));
  const waiting = outbox.destinations.reduce<SeqRanges>((sum, one) => union(sum, one.waiting), []);
  const gone = [
    ...outbox.gone.map(({ stream, lo, hi, cause }) => ({ stream, lo, hi, cause })),
    ...books.streams.flatMap(({ stream, gone: told }) =>
      told.map(([lo, hi, cause]) => ({ stream, lo, hi, cause })),
    ),
  ];
  const recordedFrom = Math.min(...outbox.silences.map((one) => one.afterSeq));

  /** Everything of this file between the two, in its own count of seqs. */
  function between(sensor: string, within: SeqRange): Reason[] {
    const reasons: Reason[] = outbox.silences
      .filter((one) => (one.sensor ?? sensor) === sensor && overlaps(one, within))
      .map(({ cause, detail }) => ({ cause, detail: isStart(cause) ? '' : detail }));
    const inside: SeqRange = [within[0] + 1, within[1] - 1];
    if (intersection(waiting, [inside]).length > 0) reasons.push({ cause: 'on_its_way', detail: '' });
    return reasons;
  }

  function inLedger(after: Edge, before: Edge | undefined): Reason[] {
    const within = (stream: string): SeqRange => [
      stream === after.stream ? after.seq + 1 : 1,
      stream === before?.stream ? before.seq - 1 : Number.MAX_SAFE_INTEGER,
    ];
    return gone
      .filter(
        ({ stream, lo, hi }) =>
          (stream === after.stream || stream === before?.stream) &&
          intersection([[lo, hi]], [within(stream)]).length > 0,
      )
      .map(({ cause }) => ({ cause, detail: '' }));
  }

  /**
   * Where a reading stands among the seqs of this file. One that another copy of it gave out, after this one had
   * been made of it, stands at its end of that stream: in this file those seqs are of other readings.
   */
  function placeOf({ stream, seq }: Edge): number | undefined {
    const [lo, hi] = ours.get(stream) ?? [];
    return lo === undefined || hi === undefined ? undefined : Math.max(lo, Math.min(seq, hi));
  }

  return (sensor: string, { after, before }: Pause): Reason[] => {
    const from = placeOf(after);
    const to = before === undefined ? Number.MAX_SAFE_INTEGER : placeOf(before);
    const known = from !== undefined && to !== undefined;
    const reasons = inLedger(after, before);
    if (known) reasons.push(...between(sensor, [Math.min(from, to), Math.max(from, to)]));
    // Each run is a stream of its own, also in a file that is not here any more.
    else if (after.stream !== before?.stream) reasons.push({ cause: 'reader_stopped', detail: '' });
    if (reasons.length > 0) return distinct(reasons);
    if (before === undefined && !readerRuns) return [{ cause: 'reader_stopped', detail: '' }];
    const recorded = known && from >= recordedFrom;
    return [{ cause: recorded ? 'unexplained' : 'not_recorded', detail: '' }];
  };
}

function overlaps({ afterSeq, untilSeq }: Silence, [lo, hi]: SeqRange): boolean {
  return afterSeq < hi && (untilSeq ?? Number.MAX_SAFE_INTEGER) >= lo;
}

function distinct(reasons: readonly Reason[]): Reason[] {
  return [...new Map(reasons.map((one) => [`${one.cause} ${one.detail}`, one])).values()];
}

/** Those of one moment and one cause are one gap of several sensors; the oldest first. */
function together(found: readonly TimeGap[], toleranceMs: number): TimeGap[] {
  const close = (a: number | undefined, b: number | undefined) =>
    a === b || Math.abs((a ?? 0) - (b ?? 0)) < toleranceMs;
  const gaps: TimeGap[] = [];
  for (const one of found.toSorted((a, b) => a.fromAt - b.fromAt)) {
    const at = gaps.findLastIndex(
      (gap) =>
        close(gap.fromAt, one.fromAt) &&
        close(gap.toAt, one.toAt) &&
        JSON.stringify(gap.reasons) === JSON.stringify(one.reasons),
    );
    const same = gaps[at];
    if (same === undefined) gaps.push(one);
    else gaps[at] = { ...same, sensors: [...same.sensors, ...one.sensors] };
  }
  return gaps;
}

export function timeGapInWords({ sensors, fromAt, toAt, reasons }: TimeGap, nowMs: number): string {
  const named = sensors.slice(0, SENSORS_NAMED_MAX).join(', ');
  const who =
    sensors.length > SENSORS_NAMED_MAX ? `${count(sensors.length, 'sensor')} (${named} ...)` : named;
  const until = toAt === undefined ? 'until now' : `to ${localTime(toAt)}`;
  const why = reasons.map(({ cause, detail }) => `${CAUSE_IN_WORDS[cause]}${detail && ` (${detail})`}`);
  return `${who}  no readings from ${localTime(fromAt)} ${until} (${ageInWords((toAt ?? nowMs) - fromAt)}): ${why.join('; ')}`;
}

export function timeGapAsJson({ sensors, fromAt, toAt, reasons }: TimeGap): object {
  return { sensors, from: isoTime(fromAt), to: isoTime(toAt), causes: reasons };
}
