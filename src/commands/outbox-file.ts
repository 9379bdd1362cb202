/** The outbox as commands look at it: its file, whether or not the reader runs, and never for longer than a look. */

import type { OutboxView } from '../../lib/flow/outbox/outbox-view.ts';
import { lookingAt } from './damaged.ts';
import type { Places } from './places.ts';

/** Throws what opening it throws, and `SGW_OUTBOX_DAMAGED`. */
export async function lookAtOutbox<T>(
  { outboxFile }: Pick<Places, 'outboxFile'>,
  look: (view: OutboxView) => T | Promise<T>,
): Promise<T> {
  // Loaded here and not above: help and usage errors should not wait for a database.
  const { openOutboxReadOnly } = await import('../../lib/flow/outbox/outbox-view.ts');
  return lookingAt('outbox', outboxFile, async () => {
    const view = openOutboxReadOnly(outboxFile);
    try {
      return await look(view);
    } finally {
      view.close();
    }
  });
}
