/**
 * Telling that a database file is damaged, moving it aside with what belongs to it, and noting damage that is met
 * while running. A file that merely cannot be reached is not damage, and neither is one that can be read the next time:
 * of a read that the disk fails SQLite says `SQLITE_CORRUPT`, too, so nothing is believed that is found only once
 * (docs/decisions/0044-damage-is-believed-when-it-is-found-twice.md).
 *
 * An unclean stop shows by itself: SQLite removes the log at a clean close, so a log with anything in it was left
 * behind. An empty one is what a look leaves that was taken while nobody had the file open.
 */

import { existsSync, lstatSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, messageOf } from './errors.ts';
import { damageOfHeader } from './header-check.ts';
import { damageOfLog } from './log-check.ts';
import { makeDir } from './make-dir.ts';
import { noteQuarantined, QUARANTINE } from './quarantine-shelf.ts';
import { quickCheck } from './sqlite.ts';
import { syncPath } from './sync-path.ts';

export interface DamageCheck {
  readonly file: string;
  /** What a check of the file has found already, `ok` if nothing; left out: it is made here if it is due. */
  readonly checked?: string | undefined;
  /** Called with the bytes to be read before a check that may take long. */
  readonly onCheck?: ((bytes: number) => void) | undefined;
  /** The tables that have indexes, which are compared with them: all of them, so that nothing is left unread. */
  readonly checkedWhole: readonly string[];
  /** A larger file is not read through; its log is. */
  readonly checkBytesMax?: number;
}

const suspectOf = (file: string) => `${file}.suspect`;
/** A suspect that was read through and found whole. */
const acquittedOf = (file: string) => `${file}.acquitted`;
const MET_WHILE_RUNNING = 'it was found damaged while running';

/**
 * Notes, for the next start, damage that was met while running. Never throws: a disk that damages files may well
 * refuse the note, and what is damaged is met again without it.
 */
export function noteDamage(file: string, error: unknown): void {
  try {
    writeFileSync(suspectOf(file), `${messageOf(error)}\n`, { flush: true });
  } catch {
    // The damage itself is what is said.
  }
}

export const isSuspect = (file: string): boolean => existsSync(suspectOf(file));

const bytesOfLog = (file: string): number => statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;

/** Whether the file was left by an unclean stop, or is under suspicion. */
export const isCheckDue = (file: string): boolean => bytesOfLog(file) > 0 || isSuspect(file);

/**
 * Opens the file whatever has become of it: one that is damaged is handed to `setAside` with what is wrong with it, and
 * `open` then makes a fresh one. Throws what `open` throws of a fresh file, and of one that cannot be reached.
 */
export function openOrReplace<T>(check: DamageCheck, open: () => T, setAside: (reason: string) => void): T {
  const damage = damageBefore(check);
  if (damage !== undefined) setAside(damage);
  try {
    return open();
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  try {
    return open();
  } catch (error) {
    if (!isDamage(error)) throw error;
    setAside(messageOf(error));
    return open();
  }
}

/** What is wrong with the file, as far as it can be told without opening it as our database. */
function damageBefore(check: DamageCheck): string | undefined {
  const { file } = check;
  if (!existsSync(file)) {
    // The link itself: salvage finds what it leads to if that comes back, say with its disk.
    if (isThere(file)) return 'it is a link to a file that is not there';
    return existsSync(`${file}-wal`) ? 'it is missing, and its log is not' : undefined;
  }
  if (statSync(file).isDirectory()) return 'it is a directory';
  if (statSync(file).size === 0) return 'it is empty';
  // What is met again after that is of a kind that no check finds.
  if (isSuspect(file) && existsSync(acquittedOf(file))) return MET_WHILE_RUNNING;
  try {
    const damage = damageWithin(check);
    if (damage === undefined && isSuspect(file)) renameSync(suspectOf(file), acquittedOf(file));
    return damage;
  } catch (error) {
    if (isDamage(error)) return messageOf(error);
    // What keeps us from reading it will be said by who opens it.
    return undefined;
  }
}

/** Throws what SQLite and the disk throw. */
function damageWithin(check: DamageCheck): string | undefined {
  const { file, checked, onCheck, checkedWhole, checkBytesMax = Number.POSITIVE_INFINITY } = check;
  const ofHeader = damageOfHeader(file);
  if (ofHeader !== undefined) return ofHeader;
  if (checked !== undefined && checked !== 'ok') return checked;
  if (!isCheckDue(file)) return undefined;
  const [{ size }, logBytes] = [statSync(file), bytesOfLog(file)];
  if (logBytes > 0) onCheck?.(logBytes);
  // Of any size: what SQLite forgets of a log it forgets without a word, and nobody would miss it later.
  const isLarge = Math.max(size, logBytes) > checkBytesMax;
  const damage = damageOfLog(file, { lastMayBeTorn: isLarge });
  if (damage !== undefined || checked !== undefined) return damage;
  if (isLarge) return isSuspect(file) ? MET_WHILE_RUNNING : undefined;
  onCheck?.(size);
  const found = quickCheck(file, checkedWhole);
  return found === 'ok' ? undefined : found;
}

/** Conditions of the disk or of the machine, which moving the file would not mend. */
const NOT_THE_FILE = /^SQLITE_(?:FULL|IOERR|BUSY|LOCKED|READONLY|CANTOPEN|PERM|NOMEM|INTERRUPT|AUTH)/;

/** Our own words for it. */
const CONTRADICTS_ITSELF = new Set(['SGW_DATABASE_FOREIGN', 'SGW_INTERNAL', 'SGW_OUTBOX_DAMAGED']);

/** Whether an error while opening says that the file is not what we wrote. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  if (CONTRADICTS_ITSELF.has(code)) return true;
  return code.startsWith('SQLITE_') && !NOT_THE_FILE.test(code);
}

/** Whether an error while running does, for certain: a wrong statement there is a bug, and a constraint may be one. */
export function isCorruption(error: unknown): boolean {
  return /^(?:SQLITE_(?:CORRUPT|NOTADB)|SGW_(?:OUTBOX|NOTIFY)_DAMAGED$)/.test(codeOf(error) ?? '');
}

/**
 * Whether an error while running is reason to look into the file: damage, or a write that met what must not stand there,
 * which is a bug of ours, or a row that a card has changed.
 */
export function castsDoubt(error: unknown): boolean {
  return isCorruption(error) || codeOf(error)?.startsWith('SQLITE_CONSTRAINT') === true;
}

/** For a write that may be done without, because whoever guards the file has noted the damage; `undefined`: it met some. */
export function unlessDamaged<T>(write: () => T): T | undefined {
  try {
    return write();
  } catch (error) {
    if (!isCorruption(error)) throw error;
    return undefined;
  }
}

/** Moves the file and what belongs to it to the shelf, at wall time `at`; returns the directory. */
export function moveAside(
  file: string,
  about: { readonly reason: string; readonly at: number; readonly firstSeq?: number },
): string {
  const time = new Date(about.at).toISOString().replace(/[:.]/g, '-');
  const root = join(dirname(file), QUARANTINE);
  let dir = join(root, time);
  for (let twin = 2; existsSync(dir); twin += 1) dir = join(root, `${time}-${twin}`);
  makeDir(dir, 0o750);
  noteQuarantined(dir, { file: basename(file), ...about });
  // Without its log the file would open as an older one: so it leaves before the log.
  for (const suffix of ['', '-wal', '-shm']) {
    if (isThere(file + suffix)) renameSync(file + suffix, join(dir, basename(file) + suffix));
  }
  for (const note of [suspectOf(file), acquittedOf(file)]) rmSync(note, { force: true });
  for (const one of [dir, root, dirname(file)]) syncPath(one);
  return dir;
}

/** A link that leads nowhere is there, too. */
const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
