/**
 * Reads one source and contains it. Whatever the source does (hangs, throws, lies, answers late), a
 * read settles by its deadline with a value. While an earlier read has not ended, the source is not
 * read again (`busy`), so a hung driver holds one promise and not one for each round; what it answers
 * after its deadline is counted and dropped, since its time would be a guess.
 */

import { withDeadline } from '../../base/deadline.ts';
import type { Pulse } from '../../base/loop.ts';
import type { World } from '../flow-event.ts';
import type { Reading } from '../reading.ts';
import { type Appraisal, createAppraiser } from './appraisal.ts';
import { checkMeasurements, messageOfAnything, type Rejection } from './checked-measurement.ts';
import type { SeriesQuality } from './quality/series-quality.ts';
import { nextDueMono, type Schedule, scheduleFrom, takeSlot } from './schedule.ts';
import type { Measurement, SensorSource, SourceStatistics } from './sensor-source.ts';
import { type StampNow, stampFromClock } from './stamp.ts';

export interface SourceStatus {
  readonly name: string;
  /** Wall time of the last good answer. */
  readonly lastOkAt: number | undefined;
  readonly reads: number;
  /** Consecutive failures; 0 while it answers. */
  readonly failures: number;
  readonly lastFailure: { readonly reason: FailureReason; readonly message: string } | undefined;
  /** Answers that came after their deadline and were dropped. */
  readonly lateAnswers: number;
  readonly rejected: number;
  /** When the read began (monotonic) that has not ended yet. */
  readonly busySinceMono: number | undefined;
  /** What it counts itself, if it does. */
  readonly statistics?: SourceStatistics;
  /** The first measurements of the last good answer, at most `LATEST_MAX`, and how many it had. */
  readonly latest: readonly Measurement[];
  readonly latestCount: number;
  /** Sensors that gave nothing at the latest read, and why, if it knows. */
  readonly troubles?: Readonly<Record<string, string>>;
  /** Series that have had a suspect value since the start, at most `LATEST_MAX`. */
  readonly quality?: readonly SeriesQuality[];
}

/** For people who look. 64 sources with so many each still fit into a health file that is read in one piece. */
const LATEST_MAX = 24;

type FailureReason = 'deadline' | 'error' | 'busy';

export interface SourceReader {
  readonly name: string;

  /** Whether it is this source's turn in the round due at `roundMono`; asking takes the slot. */
  takeTurn(roundMono: number): boolean;

  /**
   * One contained read within at most `limitMs`, or until `stopping`: its readings, or `undefined` if there are none to
   * trust. Never rejects.
   */
  read(limitMs: number, stopping: AbortSignal): Promise<readonly Reading[] | undefined>;

  /** Reports a reading that others have a reason to refuse, bounded like the reader's own rejections. */
  reject(rejection: Rejection): void;

  status(): SourceStatus;
}

/** A source can give 256 of them a round: each series reports its first and then, at one round in 10 s, one an hour. */
const REPORT_REJECTION_EVERY = 360;

/** Series whose rejections are counted apart; a source that makes up new bad names shares one count beyond. */
const REJECTED_SERIES_MAX = 64;

/**
 * A read that has not ended after so many of its deadlines, and not within a minute, will not end: a thread hangs
 * in a driver, and only a new process has it back. A short deadline says what a round can wait for, not how long a
 * driver may take on a machine that is starved: with a twentieth of a core, reading /proc has taken 26 s.
 */
const STUCK_DEADLINES = 12;
const STUCK_MIN_MS = 60_000;

/** On a starved machine even a good read may be late, however short its deadline. */
const STUCK_GRACE_MS = 5_000;

const NEVER_ANSWERED =
  ', nor answered since the start: it is asked again when that read has ended, or the reader is restarted';

const NO_PULSE: Pulse = { promise() {}, release() {} };

export function createSourceReader(
  source: SensorSource,
  world: Pick<World, 'clock' | 'observe'>,
  stamp: StampNow = stampFromClock(world.clock),
  pulse: Pulse = NO_PULSE,
  appraisal: Appraisal = createAppraiser(world).of(source.name),
): SourceReader {
  const { clock, observe } = world;
  const { name, intervalMs, deadlineMs } = source;
  const stuckMs = Math.max(STUCK_DEADLINES * deadlineMs, STUCK_MIN_MS) + STUCK_GRACE_MS;
  const rejections = new Map<string, number>();
  let schedule: Schedule | undefined;
  let busySinceMono: number | undefined;
  let lastOkAt: number | undefined;
  let lastFailure: SourceStatus['lastFailure'];
  let reads = 0;
  let failures = 0;
  let lateAnswers = 0;
  let rejected = 0;
  let latest: readonly Measurement[] = [];

  function fail(reason: FailureReason, message: string): undefined {
    failures += 1;
    lastFailure = { reason, message };
    observe({ type: 'source.failed', source: name, reason, message, failures });
  }

  function succeed(at: number): void {
    if (failures > 0) observe({ type: 'source.recovered', source: name, failures });
    failures = 0;
    lastOkAt = at;
  }

  function reject({ sensor, metric, message }: Rejection): void {
    rejected += 1;
    const series = `${sensor} ${metric}`;
    const key = rejections.has(series) || rejections.size < REJECTED_SERIES_MAX ? series : '*';
    const count = (rejections.get(key) ?? 0) + 1;
    rejections.set(key, count);
    if (count !== 1 && count % REPORT_REJECTION_EVERY !== 0) return;
    const counted = count === 1 ? message : `${message} (${count} times)`;
    observe({ type: 'reading.rejected', source: name, sensor, metric, message: counted });
  }

  /** The uncontained part: may hang, throw or lie. The times are those of the answer, not of the round. */
  async function ask(signal: AbortSignal) {
    try {
      const answer: unknown = await source.read(signal);
      if (signal.aborted) lateAnswers += 1;
      return { answer, stamped: stamp() };
    } finally {
      busySinceMono = undefined;
      pulse.release(`read ${name}`);
    }
  }

  return {
    name,
    reject,

    takeTurn(roundMono) {
      if (intervalMs === undefined) return true;
      schedule ??= scheduleFrom(roundMono, intervalMs);
      // Its grid need not meet the round's: the first round at or after its time serves it.
      if (roundMono < nextDueMono(schedule)) return false;
      schedule = takeSlot(schedule, roundMono).schedule;
      return true;
    },

    async read(limitMs, stopping) {
      const startMono = clock.monotonicMs();
      appraisal.nextRead();
      if (busySinceMono !== undefined) {
        const busyMs = startMono - busySinceMono;
        const never = lastOkAt === undefined && busyMs > stuckMs ? NEVER_ANSWERED : '';
        return fail('busy', `has not ended the read begun ${Math.round(busyMs / 1_000)} s ago${never}`);
      }
      busySinceMono = startMono;
      reads += 1;
      // One that has not answered since the start would not answer after another start either: it costs its
      // own readings, and no restart, nor a second read beside the first (docs/decisions/0045).
      if (lastOkAt !== undefined) pulse.promise(`read ${name}`, startMono + stuckMs);
      const waitMs = Math.min(deadlineMs, limitMs);
      try {
        const timed = await withDeadline(clock, `read ${name}`, waitMs, ask, stopping);
        // We are stopping: nothing is wrong with the source.
        if (timed.late && stopping.aborted) return undefined;
        if (timed.late) return fail('deadline', `gave no answer within ${waitMs} ms`);
        const { answer, stamped } = timed.value;
        const checked = checkMeasurements(answer);
        const { calibrations, readings, rejections } = appraisal.appraise(checked.measurements, stamped);
        for (const rejection of [...checked.rejections, ...rejections]) reject(rejection);
        succeed(stamped.at);
        latest = readings.map(({ sensor, metric, unit, value }) => ({ sensor, metric, unit, value }));
        return [...calibrations, ...readings];
      } catch (error) {
        return fail('error', messageOfAnything(error));
      }
    },

    status: () => ({
      name,
      lastOkAt,
      reads,
      failures,
      lastFailure,
      lateAnswers,
      rejected,
      busySinceMono,
      latest: latest.slice(0, LATEST_MAX),
      latestCount: latest.length,
      ...statisticsOf(source),
      ...troublesOf(source),
      ...qualityOf(appraisal),
    }),
  };
}

/** Contained like a read: somebody else's driver may have written it. */
function statisticsOf(source: SensorSource): { readonly statistics?: SourceStatistics } {
  try {
    const statistics = source.statistics?.();
    return statistics === undefined ? {} : { statistics };
  } catch {
    return {};
  }
}

/** Contained, too, and bounded: as many as there are latest values. */
function troublesOf(source: SensorSource): { readonly troubles?: Readonly<Record<string, string>> } {
  try {
    const entries = Object.entries(source.troubles?.() ?? {}).slice(0, LATEST_MAX);
    if (entries.length === 0) return {};
    return { troubles: Object.fromEntries(entries.map(([sensor, why]) => [sensor, messageOfAnything(why)])) };
  } catch {
    return {};
  }
}

function qualityOf(appraisal: Appraisal): Pick<SourceStatus, 'quality'> {
  const quality = appraisal.quality().slice(0, LATEST_MAX);
  return quality.length === 0 ? {} : { quality };
}
