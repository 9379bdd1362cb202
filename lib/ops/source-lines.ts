/**
 * Log lines about sources. A sensor that does not answer is a state: said when it begins, then with its count, and
 * when it is over. One on a loose wire begins to fail many times an hour: that is said once an hour, with how often.
 */

import type { FlowEvent } from '../flow/flow-event.ts';
import { fieldsOf, type LineOptions, SAID_AGAIN_MS } from './line-log.ts';

/** A failing source says so on these counts of failures in a row, then at every 360th: hourly at 10 s. */
const SAID_FAILURES = [1, 10, 60];
const SAID_FAILURES_EVERY = 360;

type SourceEvent = Extract<FlowEvent, { type: 'source.failed' | 'source.recovered' }>;

/** What was last said of a source, and how often it has failed anew without a word since. */
interface SaidSource {
  readonly saidMono: number;
  /** Whether the failure that goes on has been said, so that its end must be. */
  readonly open: boolean;
  readonly unsaid: number;
}

/** Says an event, or counts it. */
export function createSourceLines({ log, monotonicMs }: LineOptions): (event: SourceEvent) => void {
  /** By name; there are as many as are configured. */
  const said = new Map<string, SaidSource>();

  function sayFailure(event: Extract<SourceEvent, { type: 'source.failed' }>): void {
    const { source, failures, message } = event;
    const last = said.get(source);
    const isNew = failures === 1;
    if (!isNew && !SAID_FAILURES.includes(failures) && failures % SAID_FAILURES_EVERY !== 0) return;
    if (isNew && last !== undefined && monotonicMs() - last.saidMono < SAID_AGAIN_MS) {
      said.set(source, { ...last, open: false, unsaid: last.unsaid + 1 });
      return;
    }
    const more =
      last === undefined || last.unsaid === 0 ? '' : `, and ${last.unsaid} times since this was last said`;
    log.warn(fieldsOf(event), `source ${source} failed (${failures} in a row${more}): ${message}`);
    said.set(source, { saidMono: monotonicMs(), open: true, unsaid: 0 });
  }

  return (event) => {
    if (event.type === 'source.failed') return sayFailure(event);
    const last = said.get(event.source);
    if (last?.open === false) return;
    log.info(fieldsOf(event), `source ${event.source} is back after ${event.failures} failures`);
    if (last !== undefined) said.set(event.source, { ...last, open: false });
  };
}
