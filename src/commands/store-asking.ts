/** Questions to the file of the store from this process: what the read API asks a thread, a command asks at once. */

import type { SqliteLooks } from '../../lib/flow/write-api/store/sqlite-looks.ts';
import type { AskStore, SeriesRow } from '../../lib/flow/write-api/store/store-looks.ts';

/** A store has hundreds; somebody may have filled one with nonsense. */
const SERIES_MAX = 2_000;

/** As a thread would answer, only at once. */
export function askOf(looks: SqliteLooks): AskStore {
  return async (name, ...args) => {
    const look = looks[name] as (...given: typeof args) => ReturnType<(typeof looks)[typeof name]>;
    return look(...args);
  };
}

/** All series there are, the first of them if they are more than anybody reads. */
export async function seriesNames(ask: AskStore): Promise<readonly SeriesRow[]> {
  return ask('series', { limit: SERIES_MAX });
}
