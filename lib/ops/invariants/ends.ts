/** How units have ended lately: what more than one invariant wants to know of it. */

import type { EndLook, Look } from './look.ts';

const ENDS_WINDOW_MS = 3_600_000;

/** Ends of one unit within the window, with this result of systemd's if one is given; the latest last. */
export function endsOf({ ends = {} }: Look, unit: string, result?: string): readonly EndLook[] {
  const all = ends[unit] ?? [];
  return all.filter((end) => end.agoMs <= ENDS_WINDOW_MS && (result === undefined || end.result === result));
}

/** `watchdog killed ABRT`, with when. */
export function endsInWords(ends: readonly EndLook[], { at }: Look): readonly string[] {
  return ends.map(
    ({ result, how, agoMs }) => `${new Date(Math.round(at - agoMs)).toISOString()} ${result} ${how}`,
  );
}
