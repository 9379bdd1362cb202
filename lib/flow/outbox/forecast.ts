/**
 * How long the outbox lasts at the present rate, and how long a drain takes: arithmetic on what has been
 * measured, without a look at any file or clock. A forecast is for people, so it rather promises too little.
 */

import { isWorthIt, MINUTE, RAW, TEN_MINUTES, type Tier } from './tiers.ts';

/** What has been measured of an outbox. */
export interface OutboxPace {
  /** Rows in the file as they were accepted, delivered or not. */
  readonly rows: number;
  /** Rows that stand for several. */
  readonly thinnedRows: number;
  /** Bytes of the file and its log that hold something. */
  readonly bytesUsed: number;
  /** What it may still grow by. */
  readonly bytesFree: number;
  /** Rows appended in a second; 0 if nothing is sampled. */
  readonly rowsPerSecond: number;
  /** How many series they are of; 0 if that is not known. */
  readonly series: number;
  /** Rows that wait for the destination that is furthest behind. */
  readonly backlogRows: number;
  /** From the oldest of them to the newest reading. */
  readonly backlogSpanMs: number;
  /** How fast a drain is going; `undefined` while none is. */
  readonly drainRowsPerSecond: number | undefined;
}

export interface Forecast {
  /** Until readings begin to be thinned, if nothing is delivered; `undefined`: it does not fill. */
  readonly fullMs: number | undefined;
  /** Until the oldest are given up, if nothing is delivered; `undefined`: it does not fill. */
  readonly lastsMs: number | undefined;
  /** From the moment at which deliveries succeed; 0 without a backlog, `undefined`: it never catches up. */
  readonly drainMs: number | undefined;
}

/** Below this the tables that are always there would be taken for rows. */
const ROWS_TO_MEASURE = 10_000;
/** Before a drain has been seen: a tenth of what a desktop does. */
const DRAIN_ROWS_PER_SECOND = 2_000;

export function forecastOf(pace: OutboxPace): Forecast {
  if (pace.rowsPerSecond <= 0) return { fullMs: undefined, lastsMs: undefined, drainMs: drainMs(pace) };
  const fullMs = (Math.max(0, pace.bytesFree) / rowBytesOf(pace) / pace.rowsPerSecond) * 1_000;
  const lastsMs = Math.max(fullMs, coveredMs(pace) - Math.max(0, pace.backlogSpanMs));
  return { fullMs, lastsMs, drainMs: drainMs(pace) };
}

function rowBytesOf({ rows, thinnedRows, bytesUsed }: OutboxPace): number {
  const ofRows = bytesUsed - thinnedRows * MINUTE.rowBytes;
  return Math.max(RAW.rowBytes, rows >= ROWS_TO_MEASURE ? ofRows / rows : 0);
}

/** How long an outage a full outbox covers without a hole: each tier with its share. */
function coveredMs({ bytesUsed, bytesFree, rowsPerSecond, series }: OutboxPace): number {
  const bytes = bytesUsed + Math.max(0, bytesFree);
  const ofTier = (tier: Tier): number => {
    const { bucketMs, rowBytes, share } = tier;
    const readings = (rowsPerSecond * bucketMs) / 1_000;
    if (series === 0 || !isWorthIt(readings, RAW, series, tier)) return 0;
    return ((bytes * share) / rowBytes / series) * bucketMs;
  };
  const [minutes, tenMinutes] = [ofTier(MINUTE), ofTier(TEN_MINUTES)];
  // Where a minute is not worth a row, its share is the readings' own.
  const rawShare = minutes > 0 ? RAW.share : RAW.share + MINUTE.share;
  return tenMinutes === 0
    ? 0
    : tenMinutes + minutes + ((bytes * rawShare) / RAW.rowBytes / rowsPerSecond) * 1_000;
}

function drainMs({ backlogRows, rowsPerSecond, drainRowsPerSecond }: OutboxPace): number | undefined {
  if (backlogRows === 0) return 0;
  // A drain's own pace is measured on old rows alone; fresh ones arrive meanwhile.
  const net = (drainRowsPerSecond ?? DRAIN_ROWS_PER_SECOND) - rowsPerSecond;
  return net <= 0 ? undefined : (backlogRows / net) * 1_000;
}

/** A row as the rate is measured: which boot its monotonic time counts from. */
export interface PacedRow {
  readonly boot: number;
  readonly monoMs: number;
}

/** The rate is measured over at least so long: the readings of one round lie within a second or two. */
const RATE_SPAN_MIN_MS = 15_000;

/**
 * Rows in a second over the newest rows of one boot, ascending by seq; `undefined` if they span too little.
 * By monotonic time, because the wall clock of a Pi jumps.
 */
export function rateOf(newest: readonly PacedRow[]): number | undefined {
  const last = newest.at(-1);
  if (last === undefined) return undefined;
  const ofBoot = newest.filter((row) => row.boot === last.boot && row.monoMs <= last.monoMs);
  const first = ofBoot[0];
  const spanMs = first === undefined ? 0 : last.monoMs - first.monoMs;
  if (first === undefined || spanMs < RATE_SPAN_MIN_MS) return undefined;
  // What came within the first second belongs to the interval before it.
  const counted = ofBoot.filter((row) => row.monoMs - first.monoMs > 1_000).length;
  return (counted * 1_000) / spanMs;
}
