/** What the log says of a salvage that has failed, of whichever file. */

import type { FlowEvent } from '../flow/flow-event.ts';
import { fieldsOf, type LineLog } from './line-log.ts';

type SalvageFailed = Extract<FlowEvent, { type: 'outbox.salvage_failed' | 'store.salvage_failed' }>;

export function saySalvageFailed(event: SalvageFailed, log: LineLog): void {
  const { dir, attempts, attemptsMax, message } = event;
  log.error(
    fieldsOf(event),
    attempts < attemptsMax
      ? `salvaging ${dir} failed (${attempts} of ${attemptsMax}), the next start tries again: ${message}`
      : `${dir} cannot be salvaged and is kept as it is: ${message}`,
  );
}
