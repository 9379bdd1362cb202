/**
 * Log lines about what goes wrong again and again: the first of a kind is said at once, and from then on one an hour,
 * with how many there were since.
 */

import { type LineOptions, SAID_AGAIN_MS } from './line-log.ts';

/** Says a line, or counts it. `kind`: what it is one more of. */
export type SayTrouble = (
  kind: string,
  fields: object,
  message: string,
  level?: 'info' | 'warn' | 'error',
) => void;

/**
 * Kinds that something was said of; beyond, the one said longest ago is taken for one that is new. More than there are
 * gateways that deliver under doubled names, which come from outside; the others are configured, or codes of our own.
 */
export const KINDS_MAX = 1_500;

export function createTroubleLines({ log, monotonicMs }: LineOptions): SayTrouble {
  const said = new Map<string, { readonly saidMono: number; unsaid: number }>();

  return (kind, fields, message, level = 'warn') => {
    const last = said.get(kind);
    if (last !== undefined && monotonicMs() - last.saidMono < SAID_AGAIN_MS) {
      last.unsaid += 1;
      return;
    }
    said.delete(kind);
    said.set(kind, { saidMono: monotonicMs(), unsaid: 0 });
    const [oldest] = said.keys();
    if (said.size > KINDS_MAX && oldest !== undefined) said.delete(oldest);
    const more =
      last === undefined || last.unsaid === 0
        ? ''
        : ` (and ${last.unsaid} more like it since this was last said)`;
    log[level](fields, `${message}${more}`);
  };
}
