/** What lies in quarantine beside outbox and store, in words and as data, for whoever asks how it is. */

import type { Quarantined } from '../../lib/base/quarantine-shelf.ts';
import { ageInWords, bytesInWords, isoTime } from './words.ts';

const STATES: Readonly<Record<Quarantined['state'], string>> = {
  waiting: 'being salvaged',
  salvaged: 'salvaged, may be deleted',
  given_up: 'cannot be salvaged',
};

/** One line each, the oldest first. */
export function quarantineInWords(shelf: readonly Quarantined[], nowMs: number): string[] {
  return shelf.map(({ dir, file, bytes, at, reason, state, failure }) => {
    const why = failure === undefined ? '' : ` (${failure})`;
    return `${dir}: ${file}, ${bytesInWords(bytes)} from ${ageInWords(nowMs - at)} ago, ${reason}; ${STATES[state]}${why}`;
  });
}

/** What a person has to look at. */
export function quarantineProblems(shelf: readonly Quarantined[]): string[] {
  return shelf
    .filter(({ state }) => state === 'given_up')
    .map(({ dir, file, failure }) => `${file} in ${dir} cannot be salvaged: ${failure ?? 'no reason noted'}`);
}

export function quarantineAsJson(shelf: readonly Quarantined[]): object[] {
  return shelf.map(({ dir, file, bytes, at, reason, state, failure }) => ({
    dir,
    file,
    bytes,
    at: isoTime(at),
    reason,
    state,
    failure: failure ?? null,
  }));
}
