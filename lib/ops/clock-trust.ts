/**
 * Who vouches for the clock of this machine: a time service that has synchronised it, or a battery clock
 * that it was set from. Where nothing of the kind can be known (a container, a system without systemd), the
 * clock is taken for right once it is past the day on which this version was made.
 *
 * Looks at files and asks `timedatectl`, each with a deadline and off the event loop. What a look costs is
 * only paid while the clock is not trusted.
 */

import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { withDeadline } from '../base/deadline.ts';
import { codeOf } from '../base/errors.ts';
import type { ClockTrust, ClockVerdict } from '../base/steady-wall.ts';

export interface ClockTrustOptions {
  /**
   * auto: as the opening comment says. always, never: whatever the machine says; but nothing helps a clock before the
   * floor.
   */
  readonly mode: 'auto' | 'always' | 'never';
  /** No right clock can be before this: wall time, ms. */
  readonly floorAt: number;
  readonly clock: Clock;
  /** Where /run and /sys are; `/` if left out. */
  readonly root?: string;
  /** Asks the kernel's own state; `timedatectl` if left out. */
  readonly askKernel?: () => Promise<KernelAnswer>;
}

/** Whether the kernel counts its clock as synchronised; `nobody`: there is nothing here that could say. */
export type KernelAnswer = 'yes' | 'no' | 'nobody' | 'late';

/** It is a process, and starts another one: a hundredth of a second each. */
export const ASK_EVERY_MS = 30_000;
/** D-Bus and a service that is started for the question, on a machine that is just booting. */
const ASK_MAX_MS = 5_000;
/** A battery clock on a bus that hangs is no reason to wait. */
const LOOK_MAX_MS = 2_000;
/** What a cheap battery clock and a system clock may come apart in a month. Further, and it was not the one that set it. */
const BATTERY_TOLERANCE_MS = 120_000;

export function createClockTrust(options: ClockTrustOptions): ClockTrust {
  const { clock, floorAt, root = '/', askKernel = askTimedatectl } = options;
  const synchronized = join(root, 'run/systemd/timesync/synchronized');
  let asked: { readonly answer: KernelAnswer; readonly atMono: number } | undefined;
  /** When the time service had touched its file at the last trusted look. */
  let touchedMs: number | undefined;
  let batteryBusy = false;

  /** timesyncd touches it at each synchronisation, and it stays for the rest of the boot. */
  async function vouchedByTimesyncd(stepped: boolean): Promise<boolean> {
    const at = await modifiedMs(synchronized);
    if (at === undefined || (stepped && (touchedMs === undefined || at === touchedMs))) return false;
    touchedMs = at;
    return true;
  }

  async function batteryClock(): Promise<string | undefined> {
    if (batteryBusy) return undefined;
    batteryBusy = true;
    try {
      for (const name of await names(join(root, 'sys/class/rtc'))) {
        const value = async (key: string) => Number(await text(join(root, 'sys/class/rtc', name, key)));
        if ((await value('hctosys')) !== 1) continue;
        // Without a battery it starts from nothing, and the clock has been set from elsewhere since.
        const at = (await value('since_epoch')) * 1_000;
        if (at >= floorAt && Math.abs(at - clock.wallMs()) <= BATTERY_TOLERANCE_MS) return name;
      }
      return undefined;
    } finally {
      batteryBusy = false;
    }
  }

  async function kernel(stepped: boolean): Promise<KernelAnswer> {
    const nowMono = clock.monotonicMs();
    const recent = asked !== undefined && nowMono - asked.atMono < ASK_EVERY_MS;
    // An answer from before the jump would not be about this clock.
    if (asked !== undefined && recent) return stepped && asked.answer === 'yes' ? 'no' : asked.answer;
    const answer = await askKernel();
    asked = { answer, atMono: nowMono };
    return answer;
  }

  async function auto(stepped: boolean): Promise<ClockVerdict> {
    const looks = async () => {
      if (await vouchedByTimesyncd(stepped)) return 'NTP has synchronised it';
      const battery = await batteryClock();
      return battery === undefined ? undefined : `it was set from the battery clock ${battery}`;
    };
    const looked = await withDeadline(clock, 'look at the clock', LOOK_MAX_MS, looks);
    if (!looked.late && looked.value !== undefined) return { trusted: true, why: looked.value };
    const asked = await withDeadline(clock, 'ask about the clock', ASK_MAX_MS, () => kernel(stepped));
    const answer = asked.late ? 'late' : asked.value;
    if (answer === 'yes') return { trusted: true, why: 'NTP has synchronised it' };
    if (answer === 'no') return { trusted: false, why: 'NTP has not synchronised it yet' };
    if (answer === 'late') return { trusted: false, why: 'the time service gives no answer' };
    const isServed = (await modifiedMs(join(root, 'run/systemd/timesync'))) !== undefined;
    return isServed
      ? { trusted: false, why: 'NTP has not synchronised it yet' }
      : { trusted: true, why: 'nothing on this machine says otherwise' };
  }

  return {
    async look({ stepped }) {
      if (options.mode === 'never') return { trusted: false, why: 'clock.trust is never' };
      if (clock.wallMs() < floorAt) {
        const day = new Date(floorAt).toISOString().slice(0, 10);
        return { trusted: false, why: `it is before ${day}, when this version was made` };
      }
      if (options.mode === 'always') return { trusted: true, why: 'clock.trust is always' };
      return auto(stepped);
    },
  };
}

/** What the kernel says of its clock, whoever disciplines it (timesyncd, chrony, ntpd). */
function askTimedatectl(): Promise<KernelAnswer> {
  return new Promise((resolve) => {
    const limits = { timeout: ASK_MAX_MS, killSignal: 'SIGKILL', maxBuffer: 4_096 } as const;
    execFile('timedatectl', ['show', '--property=NTPSynchronized', '--value'], limits, (error, said) => {
      if (error === null) resolve(said.trim() === 'yes' ? 'yes' : 'no');
      else if (codeOf(error) === 'ENOENT') resolve('nobody');
      else
        void stat('/run/systemd/system').then(
          () => resolve('late'),
          () => resolve('nobody'),
        );
    });
  });
}

async function modifiedMs(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

async function names(dir: string): Promise<string[]> {
  return readdir(dir).catch(() => []);
}

/** What cannot be read is no number. */
async function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => 'nothing');
}
