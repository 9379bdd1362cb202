/**
 * Log lines about series whose values are suspect: one when a series becomes so, one when it is good again. A series
 * that does so every hour is said once an hour at most, with how often; and its recovery only if its trouble was said.
 */

import type { FlowEvent } from '../flow/flow-event.ts';
import { fieldsOf, type LineOptions, SAID_AGAIN_MS } from './line-log.ts';

/** Series that something was said of; beyond, the one said longest ago is taken for one that is new. */
const SERIES_MAX = 200;

type QualityEvent = Extract<FlowEvent, { type: 'series.suspected' | 'series.cleared' }>;

interface SaidSeries {
  readonly saidMono: number;
  readonly checks: ReadonlySet<string>;
  /** Whether the trouble that goes on has been said. */
  readonly open: boolean;
  readonly unsaid: number;
}

/** Says an event, or counts it. */
export function createQualityLines({ log, monotonicMs }: LineOptions): (event: QualityEvent) => void {
  const said = new Map<string, SaidSeries>();

  function keep(key: string, one: SaidSeries): void {
    said.delete(key);
    said.set(key, one);
    const [oldest] = said.keys();
    if (said.size > SERIES_MAX && oldest !== undefined) said.delete(oldest);
  }

  function saySuspect(key: string, event: Extract<QualityEvent, { type: 'series.suspected' }>): void {
    const { sensor, metric, unit, value, check, message } = event;
    const last = said.get(key);
    const isFresh = last === undefined || monotonicMs() - last.saidMono >= SAID_AGAIN_MS;
    // A trouble that has been said may be followed by another one of the same series.
    if (!isFresh && last.checks.has(check)) {
      said.set(key, { ...last, unsaid: last.unsaid + 1 });
      return;
    }
    const more =
      last === undefined || last.unsaid === 0 ? '' : ` (and ${last.unsaid} times since this was last said)`;
    const line = `${metric} of ${sensor} is suspect (${check}): ${value} ${unit} ${message}${more}`;
    // That a sensor has to warm up is known, and nobody needs to look.
    log[check === 'warm_up' ? 'info' : 'warn'](fieldsOf(event), line);
    const checks = new Set(isFresh ? [check] : [...last.checks, check]);
    keep(key, { saidMono: monotonicMs(), checks, open: true, unsaid: 0 });
  }

  return (event) => {
    const key = `${event.source} ${event.sensor} ${event.metric}`;
    if (event.type === 'series.suspected') return saySuspect(key, event);
    const last = said.get(key);
    if (last?.open === false) return;
    const { sensor, metric, readings } = event;
    log.info(fieldsOf(event), `${metric} of ${sensor} is good again after ${readings} suspect readings`);
    if (last !== undefined) said.set(key, { ...last, open: false });
  };
}
