/**
 * What lies in quarantine beside a database: damaged files, each in a directory of its own with a note of why it
 * is there and how its salvage went. Outbox, store and tickets share the shelf; each file sees its own. The shelf is
 * bounded, and what is not salvaged yet is never removed from it. Where the seqs of the next file begin is kept
 * outside of it, too: people tidy up.
 */

import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** `waiting`: what it holds is still to be brought back. `given_up`: that has failed too often. */
export type QuarantineState = 'waiting' | 'salvaged' | 'given_up';

export interface Quarantined {
  readonly dir: string;
  /** The name of the file that was damaged. */
  readonly file: string;
  /** Of the file and its log. */
  readonly bytes: number;
  /** What was wrong with it, in words. */
  readonly reason: string;
  /** Wall time. */
  readonly at: number;
  readonly state: QuarantineState;
  /** How its latest salvage failed. */
  readonly failure: string | undefined;
}

export interface ShelfBounds {
  /** Of all files on the shelf. */
  readonly bytesMax: number;
  /** While the disk has less room than twice this, nothing that is salvaged stays; at once this, readings go. */
  readonly diskReserveBytes: number;
}

export const QUARANTINE = 'quarantine';
const NOTE = 'about.json';
const SALVAGED = 'salvaged.json';
const FAILED = 'failed.json';

/** A salvage that failed three times, each in a process of its own, will not succeed by being repeated. */
export const SALVAGES_MAX = 3;
/** Enough to see a pattern in how a card fails; a card that fails more often is not understood by keeping more. */
export const QUARANTINES_MAX = 10;

/** Whose file lies there, where the note does not say: notes have said so since the store had a shelf, too. */
const FORMERLY = 'outbox.db';

/** What is on the shelf of the database in `file`, the oldest first. */
export function quarantined(file: string): Quarantined[] {
  const root = join(dirname(file), QUARANTINE);
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort()
    .map((name) => join(root, name))
    .filter((dir) => existsSync(join(dir, NOTE)))
    .filter((dir) => (readNote(join(dir, NOTE)).file ?? FORMERLY) === basename(file))
    .map((dir) => describe(dir, basename(file)));
}

function describe(dir: string, name: string): Quarantined {
  const about = readNote(join(dir, NOTE));
  const failed = readNote(join(dir, FAILED));
  const parts = ['', '-wal'].map((suffix) => join(dir, name + suffix));
  const empty = !parts.some((part) => lstatSync(part, { throwIfNoEntry: false }) !== undefined);
  const state = (): QuarantineState => {
    if (empty || existsSync(join(dir, SALVAGED))) return 'salvaged';
    return Number(failed.times) >= SALVAGES_MAX ? 'given_up' : 'waiting';
  };
  return {
    dir,
    file: name,
    bytes: parts.reduce((sum, part) => sum + sizeOf(part), 0),
    reason: String(about.reason ?? 'not known'),
    at: Number(about.at ?? 0),
    state: state(),
    failure: failed.message === undefined ? undefined : String(failed.message),
  };
}

/** Directories whose file can be salvaged and has not been yet, the oldest first. */
export function unsalvaged(file: string): string[] {
  return quarantined(file)
    .filter(({ state }) => state === 'waiting')
    .map(({ dir }) => dir)
    .filter((dir) => ['', '-wal'].some((suffix) => existsSync(join(dir, basename(file)) + suffix)));
}

/** Written before the file is moved in. `file` is its name. */
export function noteQuarantined(
  dir: string,
  about: { readonly file?: string; readonly reason: string; readonly at: number; readonly firstSeq?: number },
): void {
  writeNote(join(dir, NOTE), about);
}

/** Notes that a quarantined file needs no second look. */
export function noteSalvaged(dir: string, result: object): void {
  writeNote(join(dir, SALVAGED), result);
}

/** Notes that a salvage has failed; returns how often that has happened. */
export function noteSalvageFailed(dir: string, message: string): number {
  const times = (Number(readNote(join(dir, FAILED)).times) || 0) + 1;
  writeNote(join(dir, FAILED), { times, message });
  return times;
}

/**
 * Removes what the bounds have no place for, the oldest first: what is salvaged, then what has been given up,
 * and never what waits. Returns what it removed.
 */
export function tidyShelf(
  file: string,
  bounds: ShelfBounds,
  freeBytes: () => number | undefined,
): Quarantined[] {
  const removed: Quarantined[] = [];
  const tight = () => (freeBytes() ?? Number.POSITIVE_INFINITY) < 2 * bounds.diskReserveBytes;
  for (const state of ['salvaged', 'given_up'] as const) {
    let shelf = quarantined(file);
    for (const one of shelf.filter((each) => each.state === state)) {
      const bytes = shelf.reduce((sum, each) => sum + each.bytes, 0);
      const over = shelf.length > QUARANTINES_MAX || bytes > bounds.bytesMax;
      if (!over && !(state === 'salvaged' && tight())) break;
      rmSync(one.dir, { recursive: true, force: true });
      removed.push(one);
      shelf = shelf.filter((each) => each !== one);
    }
  }
  return removed;
}

const baseFile = (file: string) => `${file}.first-seq`;

/** Where the seqs of the latest file began; `undefined` if there was never another one. */
export function latestBase(file: string): number | undefined {
  const root = join(dirname(file), QUARANTINE);
  const names = existsSync(root) ? readdirSync(root) : [];
  const notes = names.map((name) => readNote(join(root, name, NOTE)));
  const own = notes.filter((note) => (note.file ?? FORMERLY) === basename(file));
  const bases = [readNote(baseFile(file)), ...own].map((note) => Number(note.firstSeq));
  const known = bases.filter(Number.isSafeInteger);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Kept beside the outbox as well as in the note of the quarantine: either may be removed. */
export function noteBase(file: string, firstSeq: number): void {
  writeNote(baseFile(file), { firstSeq });
}

function writeNote(path: string, note: object): void {
  writeFileSync(path, `${JSON.stringify(note)}\n`, { flush: true });
}

/** Empty if there is none, or a power cut has left half of it. */
function readNote(path: string): Readonly<Record<string, unknown>> {
  try {
    const note: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return note instanceof Object ? { ...note } : {};
  } catch {
    return {};
  }
}

/** Of what is not a file, only that it is there. */
function sizeOf(path: string): number {
  return existsSync(path) && lstatSync(path).isFile() ? statSync(path).size : 0;
}
