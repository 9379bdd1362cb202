/** `--destination NAME`: for commands that mean one destination, where the only one need not be named, or all of them. */

import { printable } from '../../lib/base/printable.ts';
import { type CommandContext, type OptionSpec, textOption, usageError } from './command.ts';
import type { Places } from './places.ts';

type Destinations = Places['config']['destinations'];

export const destinationOption: Readonly<Record<string, OptionSpec>> = {
  destination: { value: 'NAME', about: 'this destination (may be left out if there is only one)' },
};

/** Throws `SGW_USAGE` if there is none of that name, or if there are several and none is named. */
export function destinationOf(context: CommandContext, places: Places, command: string): string {
  const [one, ...more] = destinationsOf(context, places, command);
  if (one !== undefined && more.length === 0) return one.name;
  const all = places.config.destinations.map(({ name }) => name);
  throw usageError(`which destination? --destination ${all.join(' or ')}`, command);
}

/** Those that are meant: the one that is named, else all. Throws `SGW_USAGE` if there is none of that name. */
export function destinationsOf(context: CommandContext, { config }: Places, command: string): Destinations {
  const wanted = textOption(context, 'destination');
  const meant = config.destinations.filter(({ name }) => wanted === undefined || name === wanted);
  if (meant.length > 0) return meant;
  const all = config.destinations.map(({ name }) => name).join(', ');
  throw usageError(`no destination is named "${printable(wanted ?? '', 60)}"; there is ${all}`, command);
}
