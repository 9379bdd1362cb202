/**
 * The formats of `--json`. Every object that is printed names the one that it keeps, `status/1`: a program can tell
 * at once that it would misread the next. A key that is added is no new version; one that goes, or that
 * means something else, is. What each format has is in `docs/json-formats.json`.
 */

import type { Command, Terminal } from './command.ts';

/** `sensors-list/1`; `undefined` for a command that prints a file of another format. */
export function formatOf({
  name,
  jsonVersion = 1,
}: Pick<Command, 'name' | 'jsonVersion'>): string | undefined {
  return jsonVersion === null ? undefined : `${name.replaceAll(' ', '-')}/${jsonVersion}`;
}

/** Puts the name of the format first into every object that goes out, so that no command can forget it. */
export function withFormat(terminal: Terminal, command: Command): Terminal {
  const format = formatOf(command);
  if (format === undefined) return terminal;
  const first = `{"format":${JSON.stringify(format)}`;
  return {
    ...terminal,
    async out(line) {
      const named = line.startsWith('{') ? `${first}${line === '{}' ? '' : ','}${line.slice(1)}` : line;
      await terminal.out(named);
    },
  };
}
