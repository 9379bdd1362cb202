/**
 * What the log says of the machine's clock. Each line stands for something that happens a few times in a boot,
 * and says what becomes of the readings, which is what a person wants to know of it.
 */

import type { FlowEvent } from '../flow/flow-event.ts';
import { formatRanges } from '../flow/seq-ranges.ts';
import { fieldsOf, type LineLog } from './line-log.ts';

export type ClockEvent = Extract<
  FlowEvent,
  { type: `clock.${string}` } | { type: 'reading.restamped' | 'reading.corrected' }
>;

export function sayOfClock(event: ClockEvent, log: LineLog): void {
  const fields = fieldsOf(event);
  switch (event.type) {
    case 'clock.untrusted':
      log.warn(fields, `the clock is not trusted (${event.why}): readings ${fateInWords(event.holdMs)}`);
      break;
    case 'clock.trusted':
      if (event.atOnce) log.debug(fields, `the clock is trusted: ${event.why}`);
      else if (event.offsetMs === 0) log.info(fields, `the clock is trusted: ${event.why}`);
      else {
        const by = shiftInWords(event.offsetMs);
        log.info(fields, `the clock is trusted: ${event.why}; what it said before was ${by}`);
      }
      break;
    case 'clock.stepped':
      log.info(fields, `the clock was set ${setInWords(event.offsetMs)} (${event.why}): readings follow it`);
      break;
    case 'clock.doubted':
      log.warn(
        fields,
        `the clock jumped ${setInWords(event.offsetMs)} and nobody vouches for it (${event.why}): readings keep to the time before`,
      );
      break;
    case 'clock.suspended':
      log.info(fields, `the machine slept for ${spanInWords(event.durationMs)}`);
      break;
    case 'reading.restamped':
      log.info(fields, `${event.readings} readings in the outbox have their true times now`);
      break;
    case 'reading.corrected':
      log.info(fields, `${event.destination} knows the true times of readings ${formatRanges(event.seqs)}`);
      break;
  }
}

function fateInWords(holdMs: number): string {
  if (holdMs === 0) return 'go with a mark';
  return `wait up to ${spanInWords(holdMs)} for it, then go with a mark`;
}

function shiftInWords(offsetMs: number): string {
  return offsetMs > 0 ? `${spanInWords(offsetMs)} too early` : `${spanInWords(-offsetMs)} too late`;
}

function setInWords(offsetMs: number): string {
  return offsetMs > 0 ? `${spanInWords(offsetMs)} ahead` : `${spanInWords(-offsetMs)} back`;
}

/** Two of the largest units: `3 h 20 min`, `20471 d 4 h`, `0.3 s`. */
export function spanInWords(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  const minutes = Math.round(ms / 60_000);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor((minutes % 1_440) / 60)];
  const parts = [
    [days, 'd'],
    [hours, 'h'],
    [minutes % 60, 'min'],
  ] as const;
  const from = parts.findIndex(([count]) => count > 0);
  const said = parts.slice(from, from + 2).filter(([count]) => count > 0);
  return said.map(([count, unit]) => `${count} ${unit}`).join(' ');
}
