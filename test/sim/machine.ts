/**
 * A simulated machine: its clocks, its boots, and a directory that stands for its card. Programs are started on it,
 * killed, and die with its power. The files are real; what a death does to them is done to copies, because a program
 * in this process cannot be made to let go of its files without tidying up after itself.
 */

import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { bootIdAfterSleep } from '../../lib/base/boot-id.ts';
import type { Clock } from '../../lib/base/clock.ts';
import type { Random } from '../../lib/base/random.ts';
import { openedDatabases, type SqliteDatabase } from '../../lib/base/sqlite.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Machine {
  readonly name: string;
  /** Cleared at each boot, as what lies in memory is. */
  readonly runDir: string;
  bootId(): string;
  clocks(isAlive: () => boolean): Clock;
  /** What the wall clock says. */
  wallAt(): number;
  /** How far it is from the truth. */
  wallErrorMs(): number;
  /** Since the world began, without the time in which it was suspended: what its monotonic clock counts. */
  awakeMs(): number;
  /** Of this boot. */
  suspendedMs(): number;
  /** Calls `wake` when it has been awake for `ms` more; the function that is returned calls it off. */
  after(ms: number, wake: () => void): () => void;
  /** Nothing on it gets on, and its wall clock does, until it resumes. */
  suspend(): void;
  resume(): void;
  /** As NTP or a person does. */
  stepWall(byMs: number): void;
  /** A place of its own for the files of a program. */
  newCard(program: string): Card;
  /** Nothing runs on it until it boots. */
  powerOff(): void;
  isOn(): boolean;
  /** Comes back with another boot; without a battery clock at a time of its own. */
  boot(options: { readonly wallAt: number | undefined }): void;
}

/** The files of one program, as they lie on the card. */
export interface Card {
  dir(): string;
  /** The program is gone, and the files are as it left them. With the power gone, what was not synced is gone, too. */
  afterDeath(death: 'kill' | 'power cut'): void;
  databases(): readonly SqliteDatabase[];
  /** A copy of all its files as they are, and the way back to them: for who has no file open. */
  copy(): () => void;
  /** Other bits than were written, in a file that nobody has open. */
  spoil(file: string, bytes: number): void;
}

/** When the simulated world begins: after the day on which this version was made, so that clocks can be trusted. */
export const BEGAN_AT = Date.UTC(2027, 0, 1);
/** From power to the programs. */
const BOOT_MS = 15_000;

export interface MachineOptions {
  readonly name: string;
  readonly dir: string;
  readonly time: VirtualTime;
  readonly random: Random;
}

export function createMachine({ name, dir, time, random }: MachineOptions): Machine {
  const runDir = join(dir, 'run');
  let boots = 0;
  let isOn = false;
  let bootedMs = -BOOT_MS;
  let wallErrorMs = 0;
  let cards = 0;
  mkdirSync(runDir, { recursive: true });
  const trueWallMs = () => BEGAN_AT + time.nowMs();
  const { awakeMs, after, suspend, resume } = createAwakeTime(time);
  const suspendedMs = () => time.nowMs() - awakeMs();
  let suspendedBeforeMs = 0;

  return {
    name,
    runDir,
    bootId: () => bootIdAfterSleep(`${name}-boot-${boots}`, suspendedMs() - suspendedBeforeMs),
    wallAt: () => Math.round(trueWallMs() + wallErrorMs),
    wallErrorMs: () => wallErrorMs,
    awakeMs,
    suspendedMs: () => suspendedMs() - suspendedBeforeMs,
    after,
    suspend,
    resume,
    stepWall: (byMs) => {
      wallErrorMs += byMs;
    },
    clocks: (isAlive) => ({
      wallMs: () => Math.round(trueWallMs() + wallErrorMs),
      monotonicMs: () => awakeMs() - bootedMs,
      sleep: (_name, ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          const wake = () => {
            callOff();
            signal?.removeEventListener('abort', wake);
            // Who is dead does not wake.
            if (isAlive()) resolve();
          };
          const callOff = after(ms, wake);
          signal?.addEventListener('abort', wake, { once: true });
        }),
    }),
    newCard: (program) => {
      cards += 1;
      return createCard(join(dir, `${program}-${cards}`), join(runDir, `${program}.lock`), random);
    },
    powerOff() {
      isOn = false;
    },
    isOn: () => isOn,
    boot({ wallAt }) {
      isOn = true;
      boots += 1;
      bootedMs = awakeMs() - BOOT_MS;
      suspendedBeforeMs = suspendedMs();
      wallErrorMs = wallAt === undefined ? 0 : wallAt - trueWallMs();
      rmSync(runDir, { recursive: true, force: true });
      mkdirSync(runDir, { recursive: true });
    },
  };
}

/** The time that a machine sees which is suspended now and then. */
function createAwakeTime(time: VirtualTime) {
  let sleptMs = 0;
  let sleepsSinceMs: number | undefined;
  /** What would have happened meanwhile. */
  const late = new Set<() => void>();
  const awakeMs = () => (sleepsSinceMs ?? time.nowMs()) - sleptMs;

  return {
    awakeMs,
    after(ms: number, wake: () => void): () => void {
      const dueMs = awakeMs() + ms;
      let callOff = () => {};
      function wakeIn(leftMs: number): void {
        const sleptBeforeMs = sleptMs;
        const again = () => wakeIn(dueMs - awakeMs());
        callOff = time.after(leftMs, () => {
          if (sleepsSinceMs !== undefined) {
            late.add(again);
            callOff = () => late.delete(again);
          } else if (sleptMs > sleptBeforeMs) again();
          else wake();
        });
      }
      wakeIn(ms);
      return () => callOff();
    },
    suspend() {
      sleepsSinceMs ??= time.nowMs();
    },
    resume() {
      if (sleepsSinceMs === undefined) return;
      sleptMs += time.nowMs() - sleepsSinceMs;
      sleepsSinceMs = undefined;
      for (const again of late) again();
      late.clear();
    },
  };
}

function createCard(base: string, lockFile: string, random: Random): Card {
  let life = 0;
  let copies = 0;
  const dirOf = (number: number) => `${base}.${number}`;
  const databasesIn = (dir: string) => openedDatabases().filter(({ name }) => name.startsWith(`${dir}/`));
  mkdirSync(dirOf(life), { recursive: true });

  return {
    dir: () => dirOf(life),
    databases: () => databasesIn(dirOf(life)),
    copy() {
      copies += 1;
      const aside = `${base}.copy-${copies}`;
      cpSync(dirOf(life), aside, { recursive: true, filter: (path) => !/-shm$|ballast$|lock$/.test(path) });
      return () => {
        rmSync(dirOf(life), { recursive: true, force: true });
        cpSync(aside, dirOf(life), { recursive: true });
      };
    },
    spoil(file, bytes) {
      const path = join(dirOf(life), file);
      if (!existsSync(path)) return;
      const content = readFileSync(path);
      for (let i = 0; i < bytes; i += 1) {
        const at = Math.floor(random.fraction() * content.length);
        content.writeUInt8((content.readUInt8(at) + 1 + Math.floor(random.fraction() * 255)) % 256, at);
      }
      writeFileSync(path, content);
    },
    afterDeath(death) {
      const [old, next] = [dirOf(life), dirOf(life + 1)];
      const unsynced = databasesIn(old).filter(
        (one) => Number(one.pragma('synchronous', { simple: true })) < 2,
      );
      // The index beside a log is in memory, and goes with the power; a ballast is made again.
      const filter = (path: string) =>
        !path.endsWith('ballast') && !(death === 'power cut' && path.endsWith('-shm'));
      cpSync(old, next, { recursive: true, filter });
      if (death === 'power cut') {
        for (const { name } of unsynced) dropLog(name.replace(old, next));
        for (const name of readdirSync(next)) if (name.endsWith('-wal')) tear(join(next, name), random);
      }
      // They check their logs out of habit, on files that nobody looks at any more.
      for (const database of databasesIn(old)) database.close();
      for (const database of openedDatabases()) if (database.name === lockFile) database.close();
      rmSync(old, { recursive: true, force: true });
      life += 1;
    },
  };
}

/** Commits that nobody has waited for the disk with. */
function dropLog(file: string): void {
  if (existsSync(`${file}-wal`)) truncateSync(`${file}-wal`, 0);
}

const WAL_HEADER_BYTES = 32;

/** The beginning of a frame that was on its way, and of which nobody has been told. */
function tear(wal: string, random: Random): void {
  // Of a log without a whole one it is its header that was on its way, from the beginning on.
  const isBegun = statSync(wal).size >= WAL_HEADER_BYTES;
  if (!isBegun) truncateSync(wal, 0);
  const bytes = Math.floor(random.fraction() * (isBegun ? 1_000 : WAL_HEADER_BYTES));
  appendFileSync(wal, Buffer.from(Array.from({ length: bytes }, () => Math.floor(random.fraction() * 256))));
}
