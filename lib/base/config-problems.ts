/** Everything that is wrong with a configuration, each with its place, gathered to be told at once. */

import { GatewayError } from './errors.ts';

export interface ConfigProblems {
  /** `path` is empty where no setting is meant. `message` is made only if there is room to tell it. */
  add(place: string, path: string, message: () => string): void;
  /** Throws `SGW_CONFIG_INVALID`, with all of them in the order of their places, if there is any. */
  throwIfAny(): void;
}

/** What a person reads before mending; the wrong file given by mistake may have thousands. */
const TOLD_MAX = 20;

export function createConfigProblems(): ConfigProblems {
  const told: { readonly place: string; readonly text: string }[] = [];
  let all = 0;
  return {
    add(place, path, message) {
      all += 1;
      if (told.length < TOLD_MAX)
        told.push({ place, text: `${place}${path && `  ${path}`}\n  ${message()}` });
    },
    throwIfAny() {
      if (all === 0) return;
      const inOrder = told.toSorted((a, b) => a.place.localeCompare(b.place, 'en', { numeric: true }));
      const count = all === 1 ? '1 problem' : `${all} problems`;
      const first = all > told.length ? ` (the first ${told.length} are shown)` : '';
      throw new GatewayError(
        'SGW_CONFIG_INVALID',
        [...inOrder.map(({ text }) => text), `${count}${first}. Nothing was started.`].join('\n'),
      );
    },
  };
}
