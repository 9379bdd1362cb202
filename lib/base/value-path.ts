/** Paths into plain values, as a file or the environment gives them: to look up, to put in and to take out. */

import type { Path } from './config-file.ts';
import { printable } from './printable.ts';

/** For people: `destinations[0].url`. */
export function dotted(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${printable(step, 60)}`))
    .join('');
}

export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) value = isGroup(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  return value;
}

/** False if something that is no group is in the way; that will be reported for itself. */
export function write(root: unknown, path: readonly string[], value: unknown): boolean {
  let group = root;
  for (const step of path.slice(0, -1)) {
    if (!isGroup(group)) return false;
    group[step] ??= {};
    group = group[step];
  }
  const last = path.at(-1);
  if (!isGroup(group) || Array.isArray(group) || last === undefined) return false;
  group[last] = value;
  return true;
}

/** Entries of a list keep their places. */
export function remove(root: unknown, path: Path): void {
  const group = valueAt(root, path.slice(0, -1));
  const last = path.at(-1);
  if (!isGroup(group) || last === undefined) return;
  if (Array.isArray(group) && typeof last === 'number') group[last] = undefined;
  else delete group[last];
}

/** Whether one of the two lies in the other, or they are the same. */
export function overlap(a: Path, b: Path): boolean {
  return a.slice(0, b.length).every((step, i) => step === b[i]);
}

export function deepFreeze<T>(value: T): T {
  if (isGroup(value)) for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}

function isGroup(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}
