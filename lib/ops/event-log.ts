/**
 * Turns flow events into log lines: few, fixed and greppable. A healthy day is silent but for an hourly
 * summary; a failure is said once when it begins, then with its count, and once when it is over. The
 * log is a convenience (the journal may be volatile); the truth is in the database.
 */

import type { FlowEvent, Observe } from '../flow/flow-event.ts';
import { type CircuitLineOptions, createCircuitLines } from './circuit-lines.ts';
import { sayOfClock } from './clock-lines.ts';
import { fieldsOf } from './line-log.ts';
import { sayOfMissing } from './missing-lines.ts';
import { sayOfOutbox } from './outbox-lines.ts';
import { createQualityLines } from './quality-lines.ts';
import { sayOfQuiet } from './quiet-lines.ts';
import { createSourceLines } from './source-lines.ts';
import { sayOfStore } from './store-lines.ts';
import { createTroubleLines } from './trouble-lines.ts';

export interface EventLogOptions extends CircuitLineOptions {
  /** `each`: a line for each round stored, for somebody who watches. `hourly`: one summary an hour, for years. */
  readonly rounds: 'each' | 'hourly';
}

const HOUR_MS = 3_600_000;

/** The end of an outage of minutes. Fewer readings are a hiccup, said once an hour. */
const DRAIN_ROWS_ALWAYS_SAID = 500;

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
    const forMs = monotonicMs() - summarySinceMono;
    if (options.rounds === 'each' || forMs < HOUR_MS) return;
    const hours = Math.round(forMs / HOUR_MS);
    // Behind quiet hours it is of a whole night.
    log.info(summary, `summary of the last ${hours > 1 ? `${hours} hours` : 'hour'}`);
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
      case 'store.rolled_back':
        log.warn(
          fieldsOf(event),
          `${event.destination} lacks readings that it had acknowledged: ${event.again} are sent again, ${event.lost} cannot be and are named in the ledger`,
        );
        break;
      case 'outbox.opened':
      case 'outbox.quarantined':
      case 'outbox.salvaged':
      case 'outbox.salvage_failed':
      case 'outbox.quarantine_removed':
      case 'outbox.mended':
      case 'outbox.corrupted':
      case 'outbox.rolled_back':
      case 'outbox.append_failed':
      case 'outbox.held':
      case 'outbox.released':
      case 'reading.dropped':
      case 'reading.thinned':
      case 'reading.shed':
      case 'letter.shed':
        sayOfOutbox(event, log, trouble);
        break;
      case 'outbox.deleted':
      case 'outbox.missed':
      case 'outbox.missed_compared':
        sayOfMissing(event, log);
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
