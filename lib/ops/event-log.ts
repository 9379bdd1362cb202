/**
 * Turns flow events into log lines: few, fixed and greppable. A healthy day is silent but for an hourly
 * summary; a failure is said once when it begins, then with its count, and once when it is over. The
 * log is a convenience (the journal may be volatile); the truth is in the database.
 */

import type { FlowEvent, Observe } from '../flow/flow-event.ts';
import { formatRanges } from '../flow/seq-ranges.ts';
import { sayOfClock } from './clock-lines.ts';
import { sayOfMissing } from './missing-lines.ts';
import { createQualityLines } from './quality-lines.ts';
import { sayOfQuiet } from './quiet-lines.ts';
import { createSourceLines } from './source-lines.ts';
import { sayOfStore } from './store-lines.ts';

/** The part of the logger that is needed here. */
export interface LineLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface EventLogOptions {
  readonly log: LineLog;
  readonly monotonicMs: () => number;
  /** `each`: a line for each round stored, for somebody who watches. `hourly`: one summary an hour, for years. */
  readonly rounds: 'each' | 'hourly';
  /** Consecutive failures that open the breaker, as it stands in the fixed line. */
  readonly breakerFailures: number;
}

const HOUR_MS = 3_600_000;

/** The end of an outage of minutes. Fewer readings are a hiccup, said once an hour. */
const DRAIN_ROWS_ALWAYS_SAID = 500;

/** What a damaged row of a small table leads to. */
const MENDED = {
  acknowledged: (rows: number) =>
    `${rows} notes of what was delivered are damaged on the disk: what they covered is sent again`,
  gone: (rows: number) =>
    `${rows} lines of the ledger are damaged on the disk: what has left is named as lost once more`,
  destinations: (rows: number) =>
    `${rows} notes of what destinations were told are damaged on the disk: they are told the ledger again`,
};

export function createEventLog(options: EventLogOptions): Observe {
  const { log, monotonicMs } = options;
  const roundLevel = options.rounds === 'each' ? 'info' : 'debug';
  const circuit = createCircuitLines(options);
  const trouble = createTroubleLines(options);
  const sayOfSource = createSourceLines(options);
  const sayOfQuality = createQualityLines(options);
  let summarySinceMono = monotonicMs();
  let summary = { rounds: 0, readings: 0, stored: 0, skipped: 0 };

  function summarize(): void {
    if (options.rounds === 'each' || monotonicMs() - summarySinceMono < HOUR_MS) return;
    log.info(summary, 'summary of the last hour');
    summarySinceMono = monotonicMs();
    summary = { rounds: 0, readings: 0, stored: 0, skipped: 0 };
  }

  function sayDelivery(event: Extract<FlowEvent, { type: 'batch.delivered' }>): void {
    const { destination, outcome, lane, stored, reason = 'no reason given' } = event;
    switch (outcome) {
      case 'stored': {
        const line = `stored ${stored} readings at ${destination} in ${Math.ceil(event.durationMs)} ms`;
        // Somebody who watches wants the sentence alone.
        const fields = roundLevel === 'info' ? {} : fieldsOf(event);
        log[lane === 'live' ? roundLevel : 'debug'](fields, line);
        if (event.reason !== undefined)
          trouble(`put off ${destination}`, fieldsOf(event), `${destination} puts readings off: ${reason}`);
        break;
      }
      case 'unavailable':
        log.debug(fieldsOf(event), `${destination} is unavailable: ${reason}`);
        break;
      case 'refused':
      case 'misconfigured':
        trouble(
          `${outcome} ${destination}`,
          fieldsOf(event),
          `${destination} answered ${outcome}: ${reason}`,
        );
        break;
    }
  }

  /** An API that flaps leaves a round or two behind each time: 360 such lines an hour, and none is news. */
  function sayDrained(event: Extract<FlowEvent, { type: 'backlog.drained' }>): void {
    const line = `backlog of ${event.destination} drained: ${event.rows} readings`;
    if (event.rows >= DRAIN_ROWS_ALWAYS_SAID) log.info(fieldsOf(event), line);
    else trouble(`drained ${event.destination}`, fieldsOf(event), line, 'info');
  }

  return (event: FlowEvent) => {
    switch (event.type) {
      case 'outbox.opened':
        log.info(
          fieldsOf(event),
          event.fresh ? 'new outbox, new stream' : `outbox opened with ${event.rows} readings waiting`,
        );
        break;
      case 'round.sampled':
        summary.rounds += 1;
        summary.readings += event.readings;
        log.debug(fieldsOf(event), `sampled ${event.readings} readings`);
        summarize();
        break;
      case 'round.skipped':
        summary.skipped += event.rounds;
        trouble(
          'round.skipped',
          fieldsOf(event),
          `${event.rounds} rounds skipped: the machine was too busy or stopped`,
        );
        break;
      case 'sampling.paced':
        log.info(fieldsOf(event), `sampling every ${event.intervalMs / 1_000} s: ${event.reason}`);
        break;
      case 'quiet_hours.began':
      case 'quiet_hours.ended':
        sayOfQuiet(event, log);
        break;
      case 'source.failed':
      case 'source.recovered':
        sayOfSource(event);
        break;
      case 'series.suspected':
      case 'series.cleared':
        sayOfQuality(event);
        break;
      case 'reading.rejected':
        trouble(
          `rejected ${event.source}`,
          fieldsOf(event),
          `source ${event.source} gave something that is no reading: ${event.message}`,
        );
        break;
      case 'database.upgraded': {
        const { file, from, to, backup } = event;
        const line = `${file} had schema ${from} and has ${to} now`;
        if (backup.file !== undefined) log.info(fieldsOf(event), `${line}; as it was, it is ${backup.file}`);
        else log.warn(fieldsOf(event), `${line}; there is no copy of it as it was: ${backup.skipped}`);
        break;
      }
      case 'outbox.quarantined':
        log.error(
          fieldsOf(event),
          `the outbox file is unusable (${event.reason}) and has been moved to ${event.dir}`,
        );
        break;
      case 'outbox.salvaged':
        log.warn(
          fieldsOf(event),
          `salvaged from ${event.dir}: ${event.saved} readings and ${event.deadLetters} dead letters saved, ${event.lost} readings lost`,
        );
        break;
      case 'outbox.salvage_failed':
        log.error(
          fieldsOf(event),
          event.attempts < event.attemptsMax
            ? `salvaging ${event.dir} failed (${event.attempts} of ${event.attemptsMax}), the next start tries again: ${event.message}`
            : `${event.dir} cannot be salvaged and is kept as it is: ${event.message}`,
        );
        break;
      case 'outbox.quarantine_removed':
        log.info(
          fieldsOf(event),
          `removed ${event.dir} (${event.state === 'salvaged' ? 'salvaged before' : 'could not be salvaged'}): the quarantine is bounded`,
        );
        break;
      case 'outbox.deleted':
      case 'outbox.missed':
      case 'outbox.missed_compared':
        sayOfMissing(event, log);
        break;
      case 'outbox.mended':
        log.error(fieldsOf(event), MENDED[event.table](event.rows));
        break;
      case 'outbox.corrupted':
        trouble(
          'corrupted',
          fieldsOf(event),
          `readings ${formatRanges(event.seqs)} are damaged on the disk and will not be sent`,
          'error',
        );
        break;
      case 'outbox.rolled_back':
        log.warn(
          fieldsOf(event),
          `the outbox has been rolled back, or cloned: ${event.destination} has stream ${event.stream} up to ${event.theirs}, and only ${event.ours} was assigned here. Nothing new is lost; ${event.lacking} readings of the other copy are named in the ledger`,
        );
        break;
      case 'store.rolled_back':
        log.warn(
          fieldsOf(event),
          `${event.destination} lacks readings that it had acknowledged: ${event.again} are sent again, ${event.lost} cannot be and are named in the ledger`,
        );
        break;
      case 'clock.stepped': {
        // Where a service moves the clock in small steps instead of slewing it, hundreds of times a day.
        const once = (fields: object, line: string) => trouble('clock stepped', fields, line, 'info');
        sayOfClock(event, { debug: once, info: once, warn: once, error: once });
        break;
      }
      case 'clock.untrusted':
      case 'clock.trusted':
      case 'clock.doubted':
      case 'clock.suspended':
      case 'reading.restamped':
      case 'reading.corrected':
        sayOfClock(event, log);
        break;
      case 'store.aged':
      case 'store.partitions_dropped':
      case 'store.unreachable':
      case 'store.reachable':
      case 'store.rolled_up':
      case 'store.log_held':
      case 'store.log_emptied':
      case 'store.quarantined':
      case 'store.salvaged':
      case 'store.salvage_failed':
      case 'store.quarantine_removed':
        sayOfStore(event, log);
        break;
      case 'outbox.append_failed':
        trouble(
          'append',
          fieldsOf(event),
          `${event.readings} readings could not be kept: ${event.message}`,
          'error',
        );
        break;
      case 'outbox.held':
        trouble(
          'held',
          fieldsOf(event),
          `the disk takes no readings (${event.message}): ${event.held} are held in memory`,
          'error',
        );
        break;
      case 'outbox.released':
        log.info(fieldsOf(event), `the disk is back: ${event.readings} readings held in memory are kept`);
        break;
      case 'reading.dropped':
        trouble(
          'dropped',
          fieldsOf(event),
          `${event.readings} readings are lost: the disk did not take them, and memory holds no more`,
          'error',
        );
        break;
      case 'reading.thinned':
        trouble(
          'thinned',
          fieldsOf(event),
          `the outbox is full: its ${event.rows} oldest rows are thinned to ${event.into}, each of ${event.tier === 'minute' ? 'a minute' : 'ten minutes'}`,
        );
        break;
      case 'reading.shed':
        trouble(
          'shed',
          fieldsOf(event),
          `the outbox is full (${event.cause}): ${event.hi - event.lo + 1} of the oldest readings are given up undelivered`,
        );
        break;
      case 'batch.delivered':
        if (event.outcome === 'stored') summary.stored += event.stored;
        sayDelivery(event);
        break;
      case 'reading.buried':
        trouble(
          `buried ${event.destination}`,
          fieldsOf(event),
          `reading ${event.seq} will never be stored at ${event.destination}: ${event.message}`,
        );
        break;
      case 'backlog.drained':
        sayDrained(event);
        break;
      case 'breaker.opened':
      case 'breaker.half_opened':
      case 'breaker.closed':
        circuit(event);
        break;
      case 'gateway.doubled':
        trouble(
          `doubled ${event.gateway}`,
          fieldsOf(event),
          `two machines deliver as ${event.gateway}, from ${event.streams.map(({ from }) => from).join(' and ')}: what both send is stored, mixed in the same series`,
        );
        break;
      case 'request.refused':
        trouble(
          `refused ${event.code}`,
          fieldsOf(event),
          `${event.method} ${event.path} answered ${event.status}: ${event.message}`,
        );
        break;
      case 'outbox.appended':
      case 'outbox.trimmed':
      case 'batch.ingested':
        log.debug(fieldsOf(event), event.type);
        break;
    }
  };
}

type CircuitEvent = Extract<FlowEvent, { type: 'breaker.opened' | 'breaker.half_opened' | 'breaker.closed' }>;

interface SaidOutage {
  readonly step: number;
  /** Whether the latest failure led a step up. On the ladder's last step, whichever that is, it does not. */
  readonly climbing: boolean;
  readonly saidMono: number;
  probeSaid: boolean;
}

/**
 * The circuit's lines, worded the same for ever because people grep for them. During a long outage the
 * probes would say HALF_OPEN and OPEN once a minute, some 2,900 lines a day: once the pauses grow no
 * more, a pair is said once an hour.
 */
function createCircuitLines(options: EventLogOptions): (event: CircuitEvent) => void {
  const { log, monotonicMs } = options;
  const outages = new Map<string, SaidOutage>();

  return (event) => {
    const outage = outages.get(event.destination);
    const fields = fieldsOf(event);
    switch (event.type) {
      case 'breaker.opened': {
        const hourPassed = outage !== undefined && monotonicMs() - outage.saidMono >= HOUR_MS;
        const climbing = outage === undefined || event.step > outage.step;
        const say = climbing || event.held || outage.probeSaid || hourPassed;
        if (say) {
          const why = event.held
            ? `held by a person: ${event.reason}`
            : `API failures exceeded threshold (${options.breakerFailures})`;
          log.warn(fields, `Circuit breaker OPEN - ${why}`);
        }
        const saidMono = say || outage === undefined ? monotonicMs() : outage.saidMono;
        outages.set(event.destination, { step: event.step, climbing, saidMono, probeSaid: false });
        break;
      }
      case 'breaker.half_opened': {
        const climbing = outage === undefined || outage.climbing;
        const say = climbing || monotonicMs() - outage.saidMono >= HOUR_MS;
        if (say) log.info(fields, 'Circuit breaker HALF_OPEN - attempting recovery');
        if (outage !== undefined) outage.probeSaid = say;
        break;
      }
      case 'breaker.closed':
        outages.delete(event.destination);
        log.info(fields, 'Circuit breaker CLOSED - API recovered');
        break;
    }
  };
}

/** Says the first of a kind at once, and from then on once an hour how often it happened. */
function createTroubleLines(options: EventLogOptions) {
  const kinds = new Map<string, { saidMono: number; unsaid: number }>();
  /** Kinds come from configured names and our own codes; a bound all the same, as for everything that grows. */
  const kindsMax = 200;

  return (kind: string, fields: object, message: string, level: 'info' | 'warn' | 'error' = 'warn'): void => {
    const known = kinds.get(kind);
    if (known !== undefined && options.monotonicMs() - known.saidMono < HOUR_MS) {
      known.unsaid += 1;
      return;
    }
    if (known === undefined && kinds.size >= kindsMax) kinds.clear();
    kinds.set(kind, { saidMono: options.monotonicMs(), unsaid: 0 });
    const repeats = known?.unsaid ?? 0;
    options.log[level](
      fields,
      repeats === 0 ? message : `${message} (and ${repeats} more like it in the last hour)`,
    );
  };
}

/** `event` is what a structured log is searched by; the other values stand beside it. */
function fieldsOf(event: FlowEvent): object {
  const { type, ...values } = event;
  return { event: type, ...values };
}
