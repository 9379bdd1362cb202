/**
 * The loop that turns sensors into accepted readings. Each round reads every source whose turn it is,
 * all at once, and hands what came to `append` in one call, so that a round is one transaction. A
 * source that misbehaves costs the round at most its own deadline; an outbox that refuses a round costs
 * that round and not the loop. It samples on a grid of monotonic slots and never hurries to catch up. In quiet
 * hours rounds go on without the sources that have them: so it is alive, and sees when the clock is set.
 */

import { setMaxListeners } from 'node:events';
import { codeOf, GatewayError } from '../../base/errors.ts';
import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import type { Quiet } from '../../base/quiet-hours.ts';
import type { World } from '../flow-event.ts';
import { NAME_PATTERN, NAME_RULE, type Reading } from '../reading.ts';
import { type Appraiser, createAppraiser } from './appraisal.ts';
import { messageOfAnything } from './checked-measurement.ts';
import { createQuietSources } from './quiet-sources.ts';
import { nextDueMono, paced, scheduleFrom, takeSlot } from './schedule.ts';
import type { SensorSource } from './sensor-source.ts';
import { createSourceReader, type SourceStatus } from './source-reader.ts';
import type { StampNow } from './stamp.ts';

export interface SamplingOptions {
  readonly sources: readonly SensorSource[];
  readonly intervalMs: number;
  /** Accepts a round for good, or throws and has accepted nothing of it. */
  readonly append: (readings: readonly Reading[]) => unknown;
  /** A source was read in this round: the sensors of its answer, `undefined` if it failed. Before the append. */
  readonly onRead?: (source: string, sensors: ReadonlySet<string> | undefined) => void;
  readonly world: Pick<World, 'clock' | 'observe'>;
  readonly pulse: Pulse;
  /** Where readings take their times from; the world's clock as it is, if left out. */
  readonly stamp?: StampNow;
  /** Calibrates and judges what is measured; by the usual limits alone, if left out. */
  readonly appraiser?: Pick<Appraiser, 'of'>;
}

export interface SamplingStatus {
  readonly intervalMs: number;
  readonly nextDueMono: number;
  readonly rounds: number;
  readonly roundsSkipped: number;
  /** Readings that `append` has accepted since the start. */
  readonly readings: number;
  readonly sources: readonly SampledSource[];
}

export interface SampledSource extends SourceStatus {
  /** It is not read at present, because it has its quiet hours. */
  readonly quiet?: Quiet;
}

export interface SamplingLoop extends Loop {
  /** Changes the interval from the last slot on; `reason` is for the log. The same interval again is no change. */
  pace(intervalMs: number, reason: string): void;

  /** Takes a round at once and counts the following slots from it. */
  sampleNow(): void;

  status(): SamplingStatus;
}

/**
 * A round waits for its sources at most this share of the interval, so that a source with a careless
 * deadline cannot make the others miss their next slot.
 */
export const ROUND_SHARE_MAX = 0.8;

/** What a turn may take besides waiting for sources: an append that waits for a slow card, twice over. */
const APPEND_MAX_MS = 10_000;

/** Below this a round is mostly overhead and the grid is finer than a timer. */
const SAMPLING_INTERVAL_MIN_MS = 10;

/** Throws `SGW_CONFIG_INVALID` if two sources share a name, or a name, interval or deadline is impossible. */
export function createSamplingLoop(options: SamplingOptions): SamplingLoop {
  const { append, world, sources } = options;
  const { clock, observe } = world;
  assertSources(sources);
  assertInterval('the sampling interval', options.intervalMs);
  const appraiser = options.appraiser ?? createAppraiser(world);
  const readers = sources.map((source) =>
    createSourceReader(source, world, options.stamp, options.pulse, appraiser.of(source.name)),
  );
  const quiet = createQuietSources(sources, observe);
  let schedule = scheduleFrom(clock.monotonicMs(), options.intervalMs);
  let wanted = false;
  let rounds = 0;
  let roundsSkipped = 0;
  let readings = 0;

  async function turn(stopping: AbortSignal): Promise<number> {
    const nowMono = clock.monotonicMs();
    if (wanted) schedule = scheduleFrom(nowMono, schedule.intervalMs);
    wanted = false;
    const slot = takeSlot(schedule, nowMono);
    schedule = slot.schedule;
    if (slot.skipped > 0) {
      roundsSkipped += slot.skipped;
      observe({ type: 'round.skipped', rounds: slot.skipped });
    }
    if (slot.dueMono !== undefined) await round(slot.dueMono, nowMono, stopping);
    return nextDueMono(schedule);
  }

  async function round(dueMono: number, startMono: number, stopping: AbortSignal): Promise<void> {
    rounds += 1;
    quiet.look();
    // Without taking its slot: so it is read in the first round after.
    const due = readers.filter(({ name, takeTurn }) => quiet.of(name) === undefined && takeTurn(dueMono));
    const limitMs = schedule.intervalMs * ROUND_SHARE_MAX;
    // Every source that is being read listens for the stop; Node takes more than ten for a leak and says so.
    setMaxListeners(readers.length + 1, stopping);
    const answers = await Promise.all(due.map((reader) => reader.read(limitMs, stopping)));
    const taken: Reading[] = [];
    const seen = new Set<string>();
    for (const [index, reader] of due.entries()) {
      const answer = answers[index];
      if (!stopping.aborted)
        options.onRead?.(reader.name, answer && new Set(answer.map(({ sensor }) => sensor)));
      for (const reading of answer ?? []) {
        const series = `${reading.sensor} ${reading.metric}`;
        if (seen.has(series))
          reader.reject({ ...reading, message: 'a second value for this series in one round' });
        else taken.push(reading);
        seen.add(series);
      }
    }
    const accepted = taken.length > 0 && accept(taken) ? taken.length : 0;
    readings += accepted;
    const failed = answers.filter((answer) => answer === undefined).length;
    observe({
      type: 'round.sampled',
      readings: accepted,
      sourcesOk: due.length - failed,
      sourcesFailed: failed,
      durationMs: Math.round(clock.monotonicMs() - startMono),
      lateMs: Math.round(startMono - dueMono),
    });
  }

  function accept(taken: readonly Reading[]): boolean {
    try {
      append(taken);
      return true;
    } catch (error) {
      // A full or failing disk may heal; a reader that ended because of it would not.
      const code = codeOf(error) ?? 'SGW_INTERNAL';
      observe({
        type: 'outbox.append_failed',
        readings: taken.length,
        code,
        message: messageOfAnything(error),
      });
      return false;
    }
  }

  const deadlinesMs = sources.map((source) => source.deadlineMs);
  const loop = createLoop({
    name: 'sampling',
    clock,
    pulse: options.pulse,
    turnMaxMs: Math.max(0, ...deadlinesMs) + APPEND_MAX_MS,
    turn,
  });

  return {
    ...loop,
    pace(intervalMs, reason) {
      assertInterval('the sampling interval', intervalMs);
      if (intervalMs === schedule.intervalMs) return;
      schedule = paced(schedule, intervalMs, clock.monotonicMs());
      observe({ type: 'sampling.paced', intervalMs, reason });
      loop.nudge();
    },
    sampleNow() {
      wanted = true;
      loop.nudge();
    },
    status: () => ({
      intervalMs: schedule.intervalMs,
      nextDueMono: nextDueMono(schedule),
      rounds,
      roundsSkipped,
      readings,
      sources: readers.map((reader) => {
        const now = quiet.of(reader.name);
        return { ...reader.status(), ...(now && { quiet: now }) };
      }),
    }),
  };
}

function assertSources(sources: readonly SensorSource[]): void {
  const names = new Set<string>();
  for (const { name, intervalMs, deadlineMs } of sources) {
    if (!NAME_PATTERN.test(name)) throw invalid(`source name "${name}" is not ${NAME_RULE}`);
    if (names.has(name)) throw invalid(`two sources are named "${name}"`);
    names.add(name);
    assertInterval(`the deadline of source ${name}`, deadlineMs);
    if (intervalMs !== undefined) assertInterval(`the interval of source ${name}`, intervalMs);
  }
}

function assertInterval(what: string, ms: number): void {
  if (Number.isFinite(ms) && ms >= SAMPLING_INTERVAL_MIN_MS) return;
  throw invalid(`${what} is ${ms} ms; it must be at least ${SAMPLING_INTERVAL_MIN_MS} ms`);
}

function invalid(message: string): GatewayError {
  return new GatewayError('SGW_CONFIG_INVALID', message, { hint: 'Correct it in the configuration.' });
}
