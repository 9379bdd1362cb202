/**
 * Writes down why a sensor has no readings for a time: what has no seq can be missed by nobody later. A
 * silence lies between two seqs, not between two times, so that it stays true whatever the clock does; it is
 * written when it begins (`silence-notes.ts`), so that it is true after a power cut, too. While all goes well nothing
 * is written.
 *
 *   the run begins                  power off, or the reader was stopped: told apart by the boot
 *   a source fails, a sensor is not in its answer, twice in a row        sensor fault
 *   a source has its quiet hours                                         quiet hours, until when
 *   sampling is slowed; rounds are skipped; readings are dropped; the machine sleeps, its clock is set
 */

import { isSamePowerOn } from '../../base/boot-id.ts';
import type { Clock } from '../../base/clock.ts';
import { unlessDamaged } from '../../base/damaged-file.ts';
import type { FlowEvent } from '../flow-event.ts';
import type { KnownSensor, SilenceBook, SilenceCause } from '../silence.ts';
import { createSilenceNotes, type OpenSilence } from './silence-notes.ts';

export interface SilenceWatchOptions {
  readonly book: SilenceBook;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  readonly bootId: string;
  /** The interval of the rounds, as configured. */
  readonly intervalMs: number;
  readonly sources: readonly { readonly name: string; readonly intervalMs?: number }[];
}

export interface SilenceWatch {
  /** A source has been read: the sensors in its answer, `undefined` if it gave none to trust. Before the append. */
  onRead(source: string, sensors: ReadonlySet<string> | undefined): void;
  observe(event: FlowEvent): void;
  /** Writes what waits: after the last reading has been accepted, before the book is closed. */
  close(): void;
}

/** Beyond so many sensors nobody asks for one of them; a source may make up names for ever. */
const SENSORS_MAX = 1_000;
/** Once is a hiccup: two readings are then two intervals apart. */
const MISSES_TO_NOTE = 2;
/** A little below what `sensorctl gaps` calls a gap, so that none lies between the two. */
const GAP_INTERVALS = 2.4;
const DETAIL_LENGTH_MAX = 200;

interface SensorState extends KnownSensor {
  lastMono: number | undefined;
  misses: number;
  missedAt: number;
  missedSeq: number;
  open: OpenSilence | undefined;
}

export function createSilenceWatch(options: SilenceWatchOptions): SilenceWatch {
  const { book, clock, bootId } = options;
  const sensors = new Map<string, SensorState>();
  const failures = new Map<string, string>();
  const intervals = new Map(options.sources.map((one) => [one.name, one.intervalMs ?? options.intervalMs]));
  const notes = createSilenceNotes({ book, clock });
  let slowed: OpenSilence | undefined;
  /** The latest that were lost, and whether they have not been written down yet. */
  let dropped: { readonly seq: number; readings: number; toAt: number; waits(): boolean } | undefined;
  /** When something last happened that explains a distance of any sensor. */
  let disturbedMono = Number.NEGATIVE_INFINITY;

  function noteNow(cause: SilenceCause, sensor: string | null, fromAt: number, detail = ''): void {
    notes.noteNow({ cause, sensor, fromAt, detail });
    if (sensor === null) disturbedMono = clock.monotonicMs();
  }

  /** One line for all that a broken disk costs until it can be written down: they would push out every other one. */
  function noteDropped({
    readings,
    oldestAt,
    newestAt,
  }: Extract<FlowEvent, { type: 'reading.dropped' }>): void {
    const seq = book.lastSeq();
    if (dropped?.waits() && dropped.seq === seq) {
      Object.assign(dropped, { readings: dropped.readings + readings, toAt: newestAt });
      return;
    }
    const lost = { seq, readings, toAt: newestAt };
    const waits = notes.later(() => {
      // The oldest of what is held: all that has a seq came before, all that is still held comes after.
      const point = { afterSeq: seq, untilSeq: seq, fromAt: oldestAt, toAt: lost.toAt };
      book.note({ cause: 'dropped', sensor: null, ...point, detail: `${lost.readings} readings` });
    });
    dropped = Object.assign(lost, { waits });
  }

  function stateOf(sensor: string, source: string): SensorState | undefined {
    const known = sensors.get(sensor);
    const intervalMs = intervals.get(source) ?? options.intervalMs;
    if (known?.source === source && known.intervalMs === intervalMs) return known;
    if (known === undefined && sensors.size >= SENSORS_MAX) return undefined;
    if (known !== undefined && known.intervalMs > intervalMs) {
      noteNow('paced', sensor, 0, `read every ${known.intervalMs / 1_000} s until then`);
    }
    const now = { ...fresh({ sensor, source, intervalMs }), lastMono: known?.lastMono, open: known?.open };
    sensors.set(sensor, now);
    notes.later(() => book.keepSensor({ sensor, source, intervalMs }));
    return now;
  }

  function isThere(state: SensorState): void {
    const nowMono = clock.monotonicMs();
    if (state.open !== undefined) notes.close(state.open);
    else if (state.lastMono !== undefined && isGap(state, nowMono)) {
      const missed = state.misses > 0;
      const fromAt = clock.wallMs() - (nowMono - state.lastMono);
      noteNow(missed ? 'sensor_fault' : 'late', state.sensor, Math.round(fromAt), detailOf(state));
    }
    Object.assign(state, { open: undefined, misses: 0, lastMono: nowMono });
  }

  /** Of several small things together: each of them alone has not been noted. */
  function isGap({ lastMono = 0, intervalMs }: SensorState, nowMono: number): boolean {
    const explained = slowed !== undefined || disturbedMono >= lastMono;
    return !explained && nowMono - lastMono > GAP_INTERVALS * intervalMs;
  }

  function isMissing(state: SensorState): void {
    if (state.misses === 0) Object.assign(state, { missedAt: clock.wallMs(), missedSeq: book.lastSeq() });
    state.misses += 1;
    if (state.open !== undefined || state.misses < MISSES_TO_NOTE) return;
    state.open = notes.open({
      cause: 'sensor_fault',
      sensor: state.sensor,
      afterSeq: state.missedSeq,
      fromAt: state.missedAt,
      detail: detailOf(state),
    });
  }

  /** From now on it is not asked, so whatever it was missing for is over. */
  function fallQuiet(state: SensorState, until: string): void {
    endOf(state);
    state.open = notes.open({
      cause: 'quiet_hours',
      sensor: state.sensor,
      afterSeq: book.lastSeq(),
      fromAt: clock.wallMs(),
      detail: until,
    });
  }

  /** Counts as there from now on: what it is late by is not for the hours in which nobody asked. */
  function endOf(state: SensorState): void {
    if (state.open !== undefined) notes.close(state.open);
    Object.assign(state, { open: undefined, misses: 0, lastMono: clock.monotonicMs() });
  }

  const sensorsOf = (sources: readonly string[]) =>
    [...sensors.values()].filter(({ source }) => sources.includes(source));

  function detailOf({ source, misses }: SensorState): string {
    if (misses === 0) return '';
    return (failures.get(source) ?? `source ${source} answers without it`).slice(0, DETAIL_LENGTH_MAX);
  }

  function begin(): void {
    const [seq, at, before] = [book.lastSeq(), clock.wallMs(), book.lastStart()];
    const stayedOn = before === undefined || isSamePowerOn(before, bootId);
    const cause = stayedOn ? 'reader_stopped' : 'power_off';
    notes.later(() => {
      book.endAll(seq, at);
      const point = { afterSeq: seq, untilSeq: seq, fromAt: at, toAt: at };
      book.note({ cause, sensor: null, ...point, detail: bootId });
    });
    for (const known of book.sensors()) {
      const state = fresh(known);
      sensors.set(known.sensor, state);
      if (intervals.has(known.source)) continue;
      const detail = `source ${known.source} is not configured`;
      state.open = notes.open({ cause: 'removed', sensor: known.sensor, afterSeq: seq, fromAt: at, detail });
    }
    notes.settle();
  }

  begin();

  return {
    onRead(source, present) {
      // Before what is held may get its seqs: a crash right after that must find it explained.
      if (notes.isHeld()) notes.settle();
      if (present !== undefined) failures.delete(source);
      for (const state of sensors.values()) {
        if (state.source === source && present?.has(state.sensor) !== true) isMissing(state);
      }
      for (const sensor of present ?? []) {
        const state = stateOf(sensor, source);
        if (state !== undefined) isThere(state);
      }
    },
    observe(event) {
      switch (event.type) {
        case 'source.failed':
          failures.set(event.source, event.message);
          break;
        case 'quiet_hours.began':
          if (event.of === 'sampling')
            for (const state of sensorsOf(event.names)) fallQuiet(state, event.words);
          break;
        case 'quiet_hours.ended':
          if (event.of === 'sampling') for (const state of sensorsOf(event.names)) endOf(state);
          break;
        case 'sampling.paced':
          if (slowed !== undefined) notes.close(slowed);
          slowed = undefined;
          disturbedMono = clock.monotonicMs();
          if (event.intervalMs <= options.intervalMs) break;
          slowed = notes.open({
            cause: 'paced',
            sensor: null,
            afterSeq: book.lastSeq(),
            fromAt: clock.wallMs(),
            detail: `every ${event.intervalMs / 1_000} s: ${event.reason}`,
          });
          break;
        case 'round.skipped':
          if (event.rounds >= MISSES_TO_NOTE) {
            noteNow('late', null, clock.wallMs() - event.rounds * options.intervalMs);
          }
          break;
        case 'clock.suspended':
          noteNow('suspended', null, clock.wallMs() - event.durationMs);
          break;
        case 'clock.stepped':
          noteNow('clock_set', null, clock.wallMs() - event.offsetMs, event.why);
          break;
        case 'reading.dropped':
          noteDropped(event);
          disturbedMono = clock.monotonicMs();
          break;
        case 'outbox.append_failed':
          noteNow('dropped', null, clock.wallMs(), event.message.slice(0, DETAIL_LENGTH_MAX));
          break;
        case 'outbox.held':
          notes.hold(true);
          break;
        case 'outbox.released':
          notes.hold(false);
          break;
        case 'round.sampled':
          notes.settle();
          break;
        default:
          break; // The others say nothing about what is not there.
      }
    },
    // A damaged file is set aside at the next start, which is a start that explains as much.
    close: () => unlessDamaged(notes.settle),
  };
}

function fresh(known: KnownSensor): SensorState {
  return { ...known, lastMono: undefined, misses: 0, missedAt: 0, missedSeq: 0, open: undefined };
}
