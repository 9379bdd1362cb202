/** `--destination NAME`, for commands that mean one destination: the only one need not be named. */

import { printable } from '../../lib/base/printable.ts';
import { type CommandContext, type OptionSpec, textOption, usageError } from './command.ts';
import type { Places } from './places.ts';

export const destinationOption: Readonly<Record<string, OptionSpec>> = {
  destination: { value: 'NAME', about: 'this destination (may be left out if there is only one)' },
};

/** Throws `SGW_USAGE` if there is none of that name, or if there are several and none is named. */
export function destinationOf(context: CommandContext, { config }: Places, command: string): string {
  const all = config.destinations.map((one) => one.name);
  const wanted = textOption(context, 'destination') ?? (all.length === 1 ? all[0] : undefined);
  if (wanted !== undefined && all.includes(wanted)) return wanted;
  throw usageError(
    wanted === undefined
      ? `which destination? --destination ${all.join(' or ')}`
      : `no destination is named "${printable(wanted, 60)}"; there is ${all.join(', ')}`,
    command,
  );
}
