/** What the log says of quiet hours: a line when they begin and one when they are over, some four a day. */

import type { FlowEvent } from '../flow/flow-event.ts';
import { fieldsOf, type LineLog } from './line-log.ts';

/** More would be a line that nobody reads; all of them are in its fields. */
const NAMES_MAX = 8;

export type QuietEvent = Extract<FlowEvent, { type: 'quiet_hours.began' | 'quiet_hours.ended' }>;

export function sayOfQuiet(event: QuietEvent, log: LineLog): void {
  const fields = fieldsOf(event);
  const who = namesInWords(event.names);
  const [verb, are] = event.of === 'sampling' ? ['read', 'sources'] : ['delivered to', 'destinations'];
  if (event.type === 'quiet_hours.began') {
    log.info(fields, `quiet hours ${event.words}: not ${verb}: ${are} ${who}`);
  } else log.info(fields, `quiet hours are over: ${verb} again: ${are} ${who}`);
}

function namesInWords(names: readonly string[]): string {
  const said = names.slice(0, NAMES_MAX).join(', ');
  return names.length > NAMES_MAX ? `${said} and ${names.length - NAMES_MAX} more` : said;
}
