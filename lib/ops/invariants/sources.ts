/** The sources by the names that the reader gives them: as configured, or named after an entry that stands for several. */

import type { Look, SourceLook, Watched, WatchedSource } from './look.ts';

export function sourcesOf({ watched, reader }: Look): readonly string[] {
  const configured = watched.sources.filter(({ several }) => !several).map(({ name }) => name);
  return [...new Set([...configured, ...(reader?.sources ?? []).map(({ name }) => name)])];
}

interface SeenSource {
  readonly configured: WatchedSource;
  readonly source: SourceLook;
}

/** gone: it is not configured. unknown: no reader tells of it, or it rests on purpose. */
export function sourceIn({ watched, reader }: Look, name: string): SeenSource | 'gone' | 'unknown' {
  const configured = configuredAs(watched, name);
  if (configured === undefined) return 'gone';
  const source = reader?.sources.find((one) => one.name === name);
  // Of those that stand for several only the reader knows which there are.
  if (source === undefined) return reader !== undefined && configured.several ? 'gone' : 'unknown';
  return source.quiet ? 'unknown' : { configured, source };
}

function configuredAs({ sources }: Watched, name: string): WatchedSource | undefined {
  return sources.find((one) => (one.several ? name.startsWith(`${one.name}-`) : name === one.name));
}
