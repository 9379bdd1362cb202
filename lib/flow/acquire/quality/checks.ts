/**
 * Whether a value can be true: values in, verdict out, and a small state for each series between them. Time is
 * monotonic, so that a clock which is set makes nothing suspect. What is found suspect is kept all the same; the
 * checks therefore forgive soon: a value that stays where it jumped to is taken for the truth.
 *
 *   range      less or more than can be there
 *   spike      further from the values before than they can have moved
 *   unchanged  the very same value for longer than anything alive keeps it
 *   warm_up    given before its sensor measures as it should
 */

import type { QualityCheck } from '../../flow-event.ts';

/** What a series is held to; what is left out is not looked at. */
export interface QualityLimits {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** By so much a value may move within a minute, and in proportion over a longer time. */
  readonly changeMax?: number | undefined;
  readonly unchangedMaxMs?: number | undefined;
  readonly warmUpMs?: number | undefined;
}

export interface Sample {
  readonly value: number;
  readonly monoMs: number;
}

/** What is remembered of a series. */
export interface SeriesState {
  /** When its first value came. */
  readonly startMono: number;
  /** The latest value that was believed; `undefined` while none has been within its range. */
  readonly believed: Sample | undefined;
  /** Where it has jumped to, and how many values in a row have stayed there. */
  readonly jumped: (Sample & { readonly count: number }) | undefined;
  /** The value of late: the latest reading with it, how many have had it, and for how long somebody looked. */
  readonly same: Same;
}

interface Same extends Sample {
  readonly count: number;
  readonly watchedMs: number;
  /** Between the last two readings. */
  readonly stepMs: number;
}

export interface Failure {
  readonly check: QualityCheck;
  /** With its values, for people; behind "VALUE UNIT". */
  readonly message: string;
}

export interface Verdict {
  readonly state: SeriesState;
  /** In the order above. None: it is believed. */
  readonly failures: readonly Failure[];
}

/**
 * The limit of a change holds for a minute, however short the time between two readings was: a thermometer with steps
 * of half a degree that is read every second moves by thirty a minute whenever it moves.
 */
const CHANGE_MS = 60_000;

/** One value may be garbled, and two; three in a row that agree are where things are now. */
const SETTLED_VALUES = 3;

/** Two readings at the two ends of a long pause may be equal by chance. */
const UNCHANGED_VALUES_MIN = 10;
/** Backpressure makes steps six times as long, from 10 s to 60 s. */
const PAUSE_STEPS = 6;

/** Judges the next value of a series. `state` is that of the value before it, `undefined` for the first one. */
export function judgeNext(state: SeriesState | undefined, sample: Sample, limits: QualityLimits): Verdict {
  const startMono = state?.startMono ?? sample.monoMs;
  const same = sameAfter(state?.same, sample);
  const outside = outsideOf(limits, sample.value);
  const level = outside === undefined ? levelAfter(state, sample, limits) : levelBeside(state);
  const next = { startMono, believed: level.believed, jumped: level.jumped, same };
  const failures = [
    ...(outside === undefined ? [] : [outside]),
    ...(level.spike === undefined ? [] : [level.spike]),
    ...unchangedFor(same, limits),
    ...warmingUp(startMono, sample.monoMs, limits),
  ];
  return { state: next, failures };
}

/** A step much longer than the one before it was a pause, quiet hours for instance: nobody saw the value stay. */
function sameAfter(before: Same | undefined, sample: Sample): Same {
  if (before?.value !== sample.value)
    return { ...sample, count: 1, watchedMs: 0, stepMs: Number.POSITIVE_INFINITY };
  const stepMs = sample.monoMs - before.monoMs;
  const watchedMs = before.watchedMs + Math.min(stepMs, PAUSE_STEPS * before.stepMs);
  return { ...sample, count: before.count + 1, watchedMs, stepMs };
}

function outsideOf({ min, max }: QualityLimits, value: number): Failure | undefined {
  if (min !== undefined && value < min) return { check: 'range', message: `is less than ${min}` };
  if (max !== undefined && value > max) return { check: 'range', message: `is more than ${max}` };
  return undefined;
}

interface Level extends Pick<SeriesState, 'believed' | 'jumped'> {
  readonly spike?: Failure;
}

function levelAfter(state: SeriesState | undefined, sample: Sample, { changeMax }: QualityLimits): Level {
  const before = state?.believed;
  if (changeMax === undefined || before === undefined || isReachable(before, sample, changeMax))
    return { believed: sample, jumped: undefined };
  const { jumped } = state ?? {};
  const stayed = jumped !== undefined && isReachable(jumped, sample, changeMax);
  const count = stayed ? jumped.count + 1 : 1;
  if (count >= SETTLED_VALUES) return { believed: sample, jumped: undefined };
  const message = `is too far from ${before.value} before it: by at most ${changeMax} it may move in a minute`;
  return { believed: before, jumped: { ...sample, count }, spike: { check: 'spike', message } };
}

/** A value that cannot be is no place to count from. */
function levelBeside(state: SeriesState | undefined): Level {
  return { believed: state?.believed, jumped: undefined };
}

function isReachable(from: Sample, to: Sample, changeMax: number): boolean {
  const minutes = Math.max(1, (to.monoMs - from.monoMs) / CHANGE_MS);
  return Math.abs(to.value - from.value) <= changeMax * minutes;
}

function unchangedFor({ watchedMs, count }: Same, { unchangedMaxMs }: QualityLimits): readonly Failure[] {
  if (unchangedMaxMs === undefined || watchedMs < unchangedMaxMs || count < UNCHANGED_VALUES_MIN) return [];
  return [{ check: 'unchanged', message: `has been the same for ${lengthInWords(watchedMs)}` }];
}

function warmingUp(startMono: number, nowMono: number, { warmUpMs }: QualityLimits): readonly Failure[] {
  if (warmUpMs === undefined || nowMono - startMono >= warmUpMs) return [];
  return [{ check: 'warm_up', message: `is of the first ${lengthInWords(warmUpMs)} of its sensor` }];
}

function lengthInWords(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 1) return `${Math.round(ms / 1_000)} s`;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}
