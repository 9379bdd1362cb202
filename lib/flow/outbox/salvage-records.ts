/**
 * What a quarantined file holds besides its rows, each record judged on its own: dead letters, the ledger,
 * breakers and outcomes, silences and sensors. One that cannot be what we wrote is left out. A dead letter and an
 * entry of the ledger carry a checksum since schema 5; before that, as the others do still, they are held against
 * what their columns may say.
 */

import { holds } from '../../base/cell-checksum.ts';
import type { Cell, ScannedRow } from '../../base/page-scan.ts';
import {
  AT_MAX,
  FLAGS_MAX,
  GONE_CAUSES,
  type GoneCause,
  isSeq,
  isWhole,
  NAME_PATTERN,
  REFUSAL_CODE_LENGTH_MAX,
  REFUSAL_MESSAGE_LENGTH_MAX,
  STREAM_PATTERN,
  UNIT_PATTERN,
} from '../reading.ts';
import { type KnownSensor, SILENCE_CAUSES, type Silence } from '../silence.ts';
import type { BreakerRecord, BreakerTransition, DeadLetter, OutcomeRecord } from './outbox.ts';

/** An entry of the ledger, as the file claims it. */
export interface GoneClaim {
  readonly stream: string;
  /** `null`: nobody gets these. */
  readonly destination: string | null;
  readonly lo: number;
  readonly hi: number;
  readonly cause: GoneCause;
  readonly at: number;
  /** Whether its checksum says so, too. */
  readonly proven: boolean;
}

const STATES = ['closed', 'open', 'half_open'] as const;
const OUTCOMES = ['stored', 'refused', 'misconfigured', 'unavailable'] as const;

/** A dead letter, and what it stands for if it is a thinned one, as its column says it. */
export interface LetterClaim extends Omit<DeadLetter, 'thinned'> {
  readonly thinned: string | null;
}

/** Columns of the tables; one more is the checksum, where there is one. Letters of schema 1 are never thinned ones. */
const LETTER_CELLS_OF_SCHEMA_1 = 14;
const LETTER_CELLS = 15;
const GONE_CELLS = 7;
const BREAKER_CELLS = 8;
const OUTCOME_CELLS = 4;
const SILENCE_CELLS = 8;
const TRANSITION_CELLS = 7;
const SENSOR_CELLS = 3;

/** A record that others come after. */
export interface Numbered<Record> {
  readonly id: number;
  readonly record: Record;
}

/** The dead letter that this row is; `undefined` if it is none, or is damaged. */
export function letterIn({ rowid, cells }: ScannedRow): LetterClaim | undefined {
  const isPlain = cells.length === LETTER_CELLS_OF_SCHEMA_1;
  if (rowid !== undefined || !(isPlain || judged(cells, LETTER_CELLS))) return undefined;
  const [destination, seq, stream, sensor, metric, unit, at, value] = cells;
  const [monoMs, flags, bootId, code, message, buriedAt, thinned = null] = cells.slice(8);
  if (!isName(destination) || !isSeq(seq) || !isMatch(stream, STREAM_PATTERN)) return undefined;
  if (!isName(sensor) || !isName(metric) || !isMatch(unit, UNIT_PATTERN)) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (!isWhole(at, 0, AT_MAX) || !isWhole(monoMs) || !isWhole(flags, 0, FLAGS_MAX)) return undefined;
  if (!isText(bootId, 64) || !isText(code, REFUSAL_CODE_LENGTH_MAX)) return undefined;
  if (!isText(message, REFUSAL_MESSAGE_LENGTH_MAX) || !isWhole(buriedAt, 0, AT_MAX)) return undefined;
  if (!(thinned === null || isText(thinned))) return undefined;
  const reading = { sensor, metric, unit, at, value, flags, monoMs };
  return { destination, stream, seq, reading, bootId, code, message, buriedAt, thinned };
}

/** The entry of the ledger that this row is; `undefined` if it is none, or is damaged. */
export function goneIn({ rowid, cells }: ScannedRow): GoneClaim | undefined {
  if (rowid === undefined || !judged([rowid, ...cells.slice(1)], GONE_CELLS)) return undefined;
  const [, stream, destination = null, lo, hi, cause, at] = cells;
  if (!isMatch(stream, STREAM_PATTERN) || !(destination === null || isName(destination))) return undefined;
  if (!isSeq(lo) || !isSeq(hi) || hi < lo || !isOneOf(GONE_CAUSES, cause)) return undefined;
  if (!isWhole(at, 0, AT_MAX)) return undefined;
  return { stream, destination, lo, hi, cause, at, proven: cells.length > GONE_CELLS };
}

export function breakerIn({ rowid, cells }: ScannedRow): [string, BreakerRecord] | undefined {
  if (rowid !== undefined || cells.length !== BREAKER_CELLS) return undefined;
  const [destination, state, streak, step, reason, sinceAt, held, nextTryAt = null] = cells;
  if (!isName(destination) || !isOneOf(STATES, state) || !isWhole(streak) || !isWhole(step)) return undefined;
  if (!isText(reason) || !isWhole(sinceAt, 0, AT_MAX) || !(held === 0 || held === 1)) return undefined;
  if (!(nextTryAt === null || isWhole(nextTryAt, 0, AT_MAX))) return undefined;
  return [destination, { state, streak, step, reason, sinceAt, held: held === 1, nextTryAt }];
}

export function outcomeIn({ rowid, cells }: ScannedRow): [string, OutcomeRecord] | undefined {
  if (rowid !== undefined || cells.length !== OUTCOME_CELLS) return undefined;
  const [destination, kind, reason, sinceAt] = cells;
  if (!isName(destination) || !isOneOf(OUTCOMES, kind)) return undefined;
  if (!isText(reason) || !isWhole(sinceAt, 0, AT_MAX)) return undefined;
  return [destination, { kind, reason, sinceAt }];
}

/** The silence that this row is, and its place among them. */
export function silenceIn({ rowid, cells }: ScannedRow): Numbered<Silence> | undefined {
  if (rowid === undefined || cells.length !== SILENCE_CELLS) return undefined;
  const [, cause, sensor = null, afterSeq, untilSeq = null, fromAt, toAt = null, detail] = cells;
  if (!isOneOf(SILENCE_CAUSES, cause) || !(sensor === null || isName(sensor))) return undefined;
  if (!isWhole(afterSeq) || !(untilSeq === null || isWhole(untilSeq))) return undefined;
  if (!isWhole(fromAt, 0, AT_MAX) || !(toAt === null || isWhole(toAt, 0, AT_MAX))) return undefined;
  if (!isText(detail)) return undefined;
  return { id: rowid, record: { cause, sensor, afterSeq, untilSeq, fromAt, toAt, detail } };
}

/** The transition of a breaker that this row is, and its place among them. */
export function transitionIn({ rowid, cells }: ScannedRow): Numbered<BreakerTransition> | undefined {
  if (rowid === undefined || cells.length !== TRANSITION_CELLS) return undefined;
  const [, destination, from, to, at, reason, step] = cells;
  if (!isName(destination) || !isOneOf(STATES, from) || !isOneOf(STATES, to)) return undefined;
  if (!isWhole(at, 0, AT_MAX) || !isText(reason) || !isWhole(step)) return undefined;
  return { id: rowid, record: { destination, from, to, at, reason, step } };
}

export function sensorIn({ rowid, cells }: ScannedRow): KnownSensor | undefined {
  if (rowid !== undefined || cells.length !== SENSOR_CELLS) return undefined;
  const [sensor, source, intervalMs] = cells;
  if (!isName(sensor) || !isText(source) || !isWhole(intervalMs) || intervalMs === 0) return undefined;
  return { sensor, source, intervalMs };
}

/** So many cells, or one more that is the checksum over them and holds. */
function judged(cells: readonly Cell[], columns: number): boolean {
  return cells.length === columns || (cells.length === columns + 1 && holds(cells));
}

const isMatch = (thing: unknown, pattern: RegExp): thing is string =>
  typeof thing === 'string' && pattern.test(thing);

const isName = (thing: unknown): thing is string => isMatch(thing, NAME_PATTERN);

const isText = (thing: unknown, lengthMax = REFUSAL_MESSAGE_LENGTH_MAX): thing is string =>
  typeof thing === 'string' && thing.length <= lengthMax;

function isOneOf<T extends string>(all: readonly T[], thing: unknown): thing is T {
  return all.some((one) => one === thing);
}
