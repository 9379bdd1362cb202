/** The monitor in a status: it only looks, so that it does not run is no trouble. */

import type { ProgramState } from './running.ts';

/** What to say of it; `undefined` where it has not been started. */
export function monitorInWords({ state, pid, version, health }: ProgramState): string | undefined {
  if (state === 'not running') return undefined;
  const where = health.url === undefined ? '' : ` at ${health.url}`;
  return `${state}${where} (pid ${pid}, version ${version ?? 'unknown'})`;
}

export function monitorAsJson({ state, pid, version, health }: ProgramState): object {
  const { url } = health;
  return { state, url: url ?? null, pid: pid ?? null, version: version ?? null };
}
