/** What lies in quarantine beside an outbox, in words and as data, for whoever asks how it is. */

import type { Quarantined } from '../../lib/flow/outbox/quarantine-shelf.ts';
import { ageInWords, bytesInWords } from './words.ts';

const STATES: Readonly<Record<Quarantined['state'], string>> = {
  waiting: 'being salvaged',
  salvaged: 'salvaged, may be deleted',
  given_up: 'cannot be salvaged',
};

/** One line each, the oldest first. */
export function quarantineInWords(shelf: readonly Quarantined[], nowMs: number): string[] {
  return shelf.map(({ dir, bytes, at, reason, state, failure }) => {
    const why = failure === undefined ? '' : ` (${failure})`;
    return `${dir}: ${bytesInWords(bytes)} from ${ageInWords(nowMs - at)} ago, ${reason}; ${STATES[state]}${why}`;
  });
}

/** What a person has to look at. */
export function quarantineProblems(shelf: readonly Quarantined[]): string[] {
  return shelf
    .filter(({ state }) => state === 'given_up')
    .map(({ dir, failure }) => `${dir} cannot be salvaged: ${failure ?? 'no reason noted'}`);
}

export function quarantineAsJson(shelf: readonly Quarantined[]): object[] {
  return shelf.map(({ dir, bytes, at, reason, state, failure }) => ({
    dir,
    bytes,
    at: new Date(at).toISOString(),
    reason,
    state,
    failure: failure ?? null,
  }));
}
