/**
 * What the running reader says of its sources in its health file. Another version may have written it, so
 * every part is looked at before it is believed, and what is not there is left out.
 */

import type { Measurement } from '../../lib/flow/acquire/sensor-source.ts';
import type { ProgramState } from './running.ts';
import { ageInWords } from './words.ts';

export interface SourceState {
  readonly name: string;
  readonly lastOkAt: number | undefined;
  /** Failures in a row; 0 while it answers. */
  readonly failures: number;
  readonly failure: string | undefined;
  readonly latest: readonly Measurement[];
  /** How many values its last answer had; `latest` may be the first of them. */
  readonly latestCount: number;
  readonly troubles: Readonly<Record<string, string>>;
  /** Failed attempts by their class. */
  readonly faults: Readonly<Record<string, number>>;
  readonly breaker: string | undefined;
  readonly nextTryAt: number | undefined;
}

/** The sources of a running reader by name; none if it does not run. */
export function sourceStates({ health }: ProgramState): ReadonlyMap<string, SourceState> {
  const { sampling } = health;
  const sources = isGroup(sampling) && Array.isArray(sampling.sources) ? sampling.sources : [];
  const states = sources.filter(isGroup).flatMap((one: Group) => stateOf(one) ?? []);
  return new Map(states.map((state) => [state.name, state]));
}

/** A bus on which an exchange hangs, so that nothing else can be asked there. */
export interface StuckBus {
  readonly bus: number;
  readonly sinceAt: number | undefined;
}

export function stuckBuses({ health }: ProgramState): readonly StuckBus[] {
  const buses = Array.isArray(health.i2c_buses) ? health.i2c_buses.filter(isGroup) : [];
  return buses.flatMap(({ bus, state, stuckSinceAt }: Group) =>
    typeof bus === 'number' && state === 'stuck' ? [{ bus, sinceAt: numberOr(stuckSinceAt, undefined) }] : [],
  );
}

export function stuckInWords({ bus, sinceAt }: StuckBus, nowMs: number): string {
  const since = sinceAt === undefined ? '' : ` for ${ageInWords(nowMs - sinceAt)}`;
  return `I2C bus ${bus} has been stuck${since}: power its sensors off and on, or unplug them one by one`;
}

/** One failure is a hiccup, and two may be; the third in a row wants a look. */
const FAILURES_TO_LOOK = 3;

/** Sources that want a look, each as a sentence. */
export function sensorProblems(states: ReadonlyMap<string, SourceState>): readonly string[] {
  return Array.from(states.values()).flatMap(({ name, failures, failure }) =>
    failures >= FAILURES_TO_LOOK ? [`source ${name} fails: ${failure ?? 'no answer'}`] : [],
  );
}

type Group = Readonly<Record<string, unknown>>;

function stateOf(one: Group): SourceState | undefined {
  const { name, lastFailure, latest } = one;
  if (typeof name !== 'string') return undefined;
  const statistics = isGroup(one.statistics) ? one.statistics : {};
  const values = Array.isArray(latest) ? latest.filter(isMeasurement) : [];
  const failure = isGroup(lastFailure) ? lastFailure.message : undefined;
  return {
    name,
    lastOkAt: numberOr(one.lastOkAt, undefined),
    failures: numberOr(one.failures, 0),
    failure: typeof failure === 'string' ? failure : undefined,
    latest: values,
    latestCount: numberOr(one.latestCount, values.length),
    troubles: only(one.troubles, (value) => typeof value === 'string'),
    faults: only(statistics.faults, (value) => typeof value === 'number'),
    breaker: typeof statistics.breaker === 'string' ? statistics.breaker : undefined,
    nextTryAt: numberOr(statistics.nextTryAt, undefined),
  };
}

/** `ok, 4 s ago`, `failing: no answer (12 times in a row), left alone for 40 s`. */
export function stateInWords(state: SourceState, nowMs: number): string {
  const { failures, failure, lastOkAt, breaker, nextTryAt, faults } = state;
  const ago = lastOkAt === undefined ? undefined : `${ageInWords(nowMs - lastOkAt)} ago`;
  if (failures === 0) return ago === undefined ? 'has not been read yet' : `ok, ${ago}`;
  const times = failures === 1 ? '' : ` (${failures} times in a row)`;
  const pause = nextTryAt === undefined ? '' : ` for ${ageInWords(nextTryAt - nowMs)}`;
  const alone = breaker === 'open' ? `, left alone${pause}` : '';
  const classes = Object.entries(faults).map(([fault, n]) => `${fault} ${n}`);
  const counted = classes.length === 0 ? '' : `; since the start ${classes.join(', ')}`;
  const last = ago === undefined ? 'never answered since the start' : `last answered ${ago}`;
  return `failing${times}: ${failure ?? 'no answer'}; ${last}${alone}${counted}`;
}

function only<T>(thing: unknown, fits: (value: unknown) => value is T): Readonly<Record<string, T>> {
  const entries = isGroup(thing) ? Object.entries(thing) : [];
  return Object.fromEntries(entries.flatMap(([key, value]) => (fits(value) ? [[key, value]] : [])));
}

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return typeof value === 'number' ? value : otherwise;
}

function isMeasurement(one: unknown): one is Measurement {
  if (!isGroup(one)) return false;
  const texts = [one.sensor, one.metric, one.unit].every((text) => typeof text === 'string');
  return texts && typeof one.value === 'number';
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
