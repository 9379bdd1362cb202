/**
 * The notes that `deploy/note-end.sh` keeps of how units have ended, as text: one line for each end that was not
 * well, `SECONDS-SINCE-BOOT RESULT CODE STATUS`. What is no such line is left out: it says nothing.
 */

import type { EndLook } from '../invariants/look.ts';

/** Words of systemd, and a number or the name of a signal. */
const LINE = /^(\d+(?:\.\d+)?) ([a-z-]+) ([a-z-]+) ([A-Z0-9+-]+)$/;
/** The script keeps as many; whoever else has written there is not believed more. */
const ENDS_MAX = 20;

/** Where the notes of a unit are. */
export function endsFile(runDir: string, unit: string): string {
  return `${runDir}/${unit}.ends`;
}

/** The latest last. What lies in the future is of an earlier boot, where the directory outlives one. */
export function endsIn(text: string, uptimeMs: number): readonly EndLook[] {
  return text
    .split('\n')
    .flatMap((line): readonly EndLook[] => {
      const [, seconds, result = '', code = '', status = ''] = LINE.exec(line) ?? [];
      if (seconds === undefined) return [];
      const agoMs = uptimeMs - Number(seconds) * 1_000;
      return agoMs < 0 ? [] : [{ result, how: `${code} ${status}`, agoMs }];
    })
    .slice(-ENDS_MAX);
}
