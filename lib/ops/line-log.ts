/** What is written to where lines of the log are made of events: the log, and the fields beside a line. */

import type { FlowEvent } from '../flow/flow-event.ts';

/** The part of the logger that is needed here. */
export interface LineLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What those are made with that say a thing once, and then with its count. */
export interface LineOptions {
  readonly log: LineLog;
  readonly monotonicMs: () => number;
}

/** What goes on is said again after so long: somebody who reads a day of the log sees it, and sees other things, too. */
export const SAID_AGAIN_MS = 3_600_000;

/** `event` is what a structured log is searched by; the other values stand beside it. */
export function fieldsOf(event: FlowEvent): object {
  const { type, ...values } = event;
  return { event: type, ...values };
}
