/**
 * Names for sensors from what other people wrote: kernel drivers, board makers' labels, interface names.
 * What comes out always matches `NAME_PATTERN`, and two different things never share a name.
 */

import { NAME_LENGTH_MAX } from '../../reading.ts';

/** `nameOf('hwmon', 'coretemp', 'Package id 0')` is `hwmon-coretemp-package-id-0`. Never empty. */
export function nameOf(...parts: readonly string[]): string {
  return nameFrom(parts.join('-'), 'unnamed');
}

/** Any text as a name of ours: `Büro-Pi.local` is `b-ro-pi-local`; `otherwise` if nothing is left of it. */
export function nameFrom(text: string, otherwise: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .slice(0, NAME_LENGTH_MAX)
    .replace(/^-+|-+$/g, '');
  return name === '' ? otherwise : name;
}

/** Hands out each name once; the next that asks for it gets `-2`, `-3`, and so on, within the length. */
export function createUniqueNames(): (name: string) => string {
  const taken = new Set<string>();
  return (name) => {
    let unique = name;
    for (let copy = 2; taken.has(unique); copy += 1) {
      const suffix = `-${copy}`;
      unique = `${name.slice(0, NAME_LENGTH_MAX - suffix.length)}${suffix}`;
    }
    taken.add(unique);
    return unique;
  };
}
