/** Says on standard error how far a long job has got, once a second; a short one says nothing. */

import { systemClock } from '../../lib/base/clock.ts';
import type { CommandContext } from './command.ts';

const EVERY_MS = 1_000;

export type Progress = (done: number, total: number, what: string) => void;

/** Not for programs, who asked for JSON. */
export function createProgress({ json, terminal }: Pick<CommandContext, 'json' | 'terminal'>): Progress {
  let nextMono = systemClock.monotonicMs() + EVERY_MS;
  return (done, total, what) => {
    if (json || systemClock.monotonicMs() < nextMono) return;
    nextMono = systemClock.monotonicMs() + EVERY_MS;
    const part = total > 0 ? ` (${Math.min(100, Math.floor((100 * done) / total))} %)` : '';
    terminal.note(`${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${what}${part}`);
  };
}
