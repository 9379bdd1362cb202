/**
 * Opens the outbox whatever has become of its file. A file that is damaged, empty or not ours is moved aside
 * with its log, and a fresh one takes its place: the next round is kept at once, and what the old file still
 * holds is brought back later (`salvage-loop.ts`). A file that merely cannot be reached is not damage.
 *
 * An unclean stop shows by itself: SQLite removes the log at a clean close, so a log that is there was left
 * behind. Damage that is noticed while running is noted in a file beside it, and ends the program.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, messageOf } from '../../base/errors.ts';
import { quickCheck } from '../../base/sqlite.ts';
import { carryStates } from './carried-states.ts';
import { damageOfLog } from './log-check.ts';
import { type OpenOutboxOptions, openOutbox } from './open-outbox.ts';
import type { Outbox } from './outbox.ts';
import { latestBase, noteBase, noteQuarantined, QUARANTINE, unsalvaged } from './quarantine-shelf.ts';
import { SEQS_PER_FILE } from './tiers.ts';

export interface SafeOpenOptions extends OpenOutboxOptions {
  /** What a check of the file has found already, `ok` if nothing; left out: it is made here if it is due. */
  readonly checked?: string | undefined;
  /** Damage met while running: it has been noted for the next start, and this run should end. */
  readonly onDamage: (error: unknown) => void;
}

/** No version of ours will ever have so many schemas: such a number is damage, not a newer program. */
const USER_VERSION_MAX = 10_000;
const USER_VERSION_AT = 60;

/** Small tables that give the rows their names: each has an index that says the same again. */
export const CHECKED_WHOLE = ['streams', 'series', 'boots'];

/** How much a check reads that is due before the file may be opened; 0 if none is. */
export function bytesToCheck(file: string): number {
  const isDue = existsSync(file) && existsSync(`${file}-wal`) && !existsSync(suspectOf(file));
  return isDue && statSync(file).isFile() && damageOfLog(file) === undefined ? statSync(file).size : 0;
}

/** Throws what `openOutbox` throws for a fresh file, and `SGW_DATA_DIR_UNUSABLE` for one that cannot be reached. */
export function openOutboxSafely(options: SafeOpenOptions): Outbox {
  const damage = damageBefore(options);
  if (damage !== undefined) quarantine(options, damage);
  try {
    return guarded(open(options), options);
  } catch (error) {
    if (!isDamage(error)) throw error;
    quarantine(options, messageOf(error));
    return guarded(open(options), options);
  }
}

function open(options: SafeOpenOptions): Outbox {
  const { file, destinations } = options;
  const firstSeq = latestBase(file);
  const outbox = openOutbox({ ...options, ...(firstSeq === undefined ? {} : { firstSeq }) });
  // The latest first: what it says, the others do not say again.
  for (const dir of unsalvaged(file).reverse()) {
    try {
      carryStates(join(dir, basename(file)), outbox, destinations);
    } catch {
      // Nothing that was accepted is in these tables: a start must not fail for them.
    }
  }
  return outbox;
}

const suspectOf = (file: string) => `${file}.suspect`;

/** What is wrong with the file, as far as it can be told without opening it as our database. */
function damageBefore({ file, checked, onCheck }: SafeOpenOptions): string | undefined {
  const leftLog = existsSync(`${file}-wal`);
  if (!existsSync(file)) {
    // The link itself: salvage finds what it leads to if that comes back, say with its disk.
    if (isThere(file)) return 'it is a link to a file that is not there';
    return leftLog ? 'it is missing, and its log is not' : undefined;
  }
  const { size } = statSync(file);
  if (statSync(file).isDirectory()) return 'it is a directory';
  if (size === 0) return 'it is empty';
  if (existsSync(suspectOf(file))) return 'it was found damaged while running';
  try {
    if (userVersion(file) > USER_VERSION_MAX) return 'its header is damaged';
    if (checked !== undefined && checked !== 'ok') return checked;
    if (!leftLog) return undefined;
    const damage = damageOfLog(file);
    if (damage !== undefined) return damage;
    if (checked !== undefined) return undefined;
    onCheck?.(size);
    const found = quickCheck(file, CHECKED_WHOLE);
    return found === 'ok' ? undefined : found;
  } catch (error) {
    if (isDamage(error)) return messageOf(error);
    // What keeps us from reading it will be said by who opens it.
    return undefined;
  }
}

function userVersion(file: string): number {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(4);
    return readSync(fd, bytes, 0, 4, USER_VERSION_AT) === 4 ? bytes.readUInt32BE(0) : 0;
  } finally {
    closeSync(fd);
  }
}

/** Conditions of the disk or of the machine, which moving the file would not mend. */
const NOT_THE_FILE = /^SQLITE_(?:FULL|IOERR|BUSY|LOCKED|READONLY|CANTOPEN|PERM|NOMEM|INTERRUPT|AUTH)/;

/** Whether an error while opening says that the file is not what we wrote. */
function isDamage(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  if (code === 'SGW_DATABASE_FOREIGN' || code === 'SGW_INTERNAL') return true;
  return code.startsWith('SQLITE_') && !NOT_THE_FILE.test(code);
}

/** Whether an error while running does: a constraint or a wrong statement there is a bug, and no damage. */
function isCorruption(error: unknown): boolean {
  return /^SQLITE_(?:CORRUPT|NOTADB)/.test(codeOf(error) ?? '');
}

/** Moves the file and what belongs to it aside, and notes where the seqs of its successor begin. */
function quarantine({ file, world }: SafeOpenOptions, reason: string): void {
  const at = world.clock.wallMs();
  const base = (latestBase(file) ?? 1) + SEQS_PER_FILE;
  const time = new Date(at).toISOString().replace(/[:.]/g, '-');
  const root = join(dirname(file), QUARANTINE);
  let dir = join(root, time);
  for (let twin = 2; existsSync(dir); twin += 1) dir = join(root, `${time}-${twin}`);
  mkdirSync(dir, { recursive: true, mode: 0o750 });
  // The note comes first: a crash after the first rename must not lose where the seqs begin.
  noteBase(file, base);
  noteQuarantined(dir, { reason, at, firstSeq: base });
  // Without its log the file would open as an older one: so it leaves before the log.
  for (const suffix of ['', '-wal', '-shm']) {
    if (isThere(file + suffix)) renameSync(file + suffix, join(dir, basename(file) + suffix));
  }
  rmSync(suspectOf(file), { force: true });
  for (const one of [dir, root, dirname(file)]) syncDirectory(one);
  world.observe({ type: 'outbox.quarantined', dir, reason });
}

/** The outbox, but damage that any of its calls meets is noted for the next start. */
function guarded(outbox: Outbox, { file, onDamage }: SafeOpenOptions): Outbox {
  const note = (error: unknown) => {
    if (!isCorruption(error)) return;
    writeFileSync(suspectOf(file), `${messageOf(error)}\n`, { flush: true });
    onDamage(error);
  };
  return new Proxy(outbox, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        try {
          return member.apply(target, args);
        } catch (error) {
          note(error);
          // It is closed all the same, and what it could not write is salvaged.
          if (name === 'close' && isCorruption(error)) return undefined;
          throw error;
        }
      };
    },
  });
}

/** A link that leads nowhere is there, too. */
const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
