/**
 * What the monitor sees of the machine in one look, taken from outside. Pure data: invariants only compare. A part
 * that did not answer is left out and named in `unanswered`; one that has nothing to say on this machine is left out, too.
 */

import type { OutcomeRecord } from '../../flow/outbox/outbox.ts';
import type { UnitState } from '../doctor/units.ts';
import type { Program } from '../limits/limits.ts';

/** What is looked at, each by itself and each bounded in time. */
export const LOOK_PARTS = [
  'programs',
  'outbox',
  'gaps',
  'shelf',
  'disk',
  'machine',
  'units',
  'ends',
  'recovery',
  'certificates',
] as const;
export type LookPart = (typeof LOOK_PARTS)[number];

export interface Look extends Partial<LookParts> {
  /** When it was taken: wall, and monotonic for everything that lasts. */
  readonly at: number;
  readonly atMono: number;
  /** What is configured, and so must be well. */
  readonly watched: Watched;
  readonly unanswered: readonly Unanswered[];
}

export interface LookParts {
  readonly programs: Readonly<Partial<Record<Program, ProgramLook>>>;
  /** What a living reader says of itself; left out while it does not live. */
  readonly reader: ReaderLook;
  /** What a living write API says of those who deliver; left out while it does not live. */
  readonly api: ApiLook;
  readonly outbox: OutboxLook;
  readonly gaps: GapsLook;
  readonly shelf: readonly DamagedLook[];
  /** What the outbox remembers of earlier runs. */
  readonly account: AccountLook;
  readonly disk: DiskLook;
  readonly machine: MachineLook;
  /** By unit; left out where systemd does not run the gateway. */
  readonly units: Readonly<Record<string, UnitState>>;
  /**
   * By unit, as noted after each end that was not well; the latest last. Left out where systemd does not run the
   * gateway.
   */
  readonly ends: Readonly<Record<string, readonly EndLook[]>>;
  readonly recovery: RecoveryLook;
  /** By destination. */
  readonly certificates: Readonly<Record<string, CertificateLook>>;
  /** Of notifications, as the monitor itself knows them. */
  readonly channels: readonly ChannelLook[];
}

export interface ChannelLook {
  readonly name: string;
  /** On end. */
  readonly failures: number;
  /** How long nothing has got through; `undefined`: the latest did. */
  readonly failingMs: number | undefined;
  readonly reason: string;
}

export interface Unanswered {
  readonly part: LookPart;
  readonly why: string;
}

export interface Watched {
  readonly sources: readonly WatchedSource[];
  readonly destinations: readonly WatchedDestination[];
  readonly intervalMs: number;
  readonly diskReserveBytes: number;
  /** `never`: it is a person who said that this clock is not to be trusted. */
  readonly clockTrust: 'auto' | 'always' | 'never';
}

export interface WatchedSource {
  readonly name: string;
  /** It stands for several, which are named after it: `kernel-cpu`. */
  readonly several: boolean;
  readonly intervalMs: number;
  /** The I2C bus that it is on, and the address there. */
  readonly bus: number | undefined;
  readonly address: number | undefined;
}

export interface WatchedDestination {
  readonly name: string;
  readonly url: string;
}

export interface ProgramLook {
  /** Of its health file, in monotonic time. `undefined`: there is none, because it does not run or was stopped cleanly. */
  readonly ageMs: number | undefined;
  readonly pid: number | undefined;
  /** Its loops that have broken their promise. */
  readonly stuck: readonly string[];
}

export interface ReaderLook {
  readonly pid: number;
  readonly sources: readonly SourceLook[];
  readonly buses: readonly BusLook[];
  readonly destinations: readonly DeliveringLook[];
  readonly clock: ClockLook | undefined;
  /** Readings that the disk does not take, in memory. */
  readonly held: number;
  /** Since its start. */
  readonly counts: { readonly shed: number; readonly dropped: number; readonly thinned: number };
  /** How long the latest appends took; `undefined` before there were enough. */
  readonly appends: AppendsLook | undefined;
}

export interface ApiLook {
  /** Wrong tokens since its start; `undefined`: it asks nobody for one. */
  readonly guesses:
    | {
        readonly total: number;
        /** Who showed most of them. */
        readonly from: readonly {
          readonly from: string;
          readonly guesses: number;
          readonly lastAt: number;
        }[];
      }
    | undefined;
  /** Names under which two machines deliver by turns. */
  readonly doubled: readonly {
    readonly gateway: string;
    readonly streams: readonly { readonly stream: string; readonly from: string }[];
  }[];
}

export interface SourceLook {
  readonly name: string;
  /** In a row. */
  readonly failures: number;
  readonly failure: string | undefined;
  readonly lastOkAt: number | undefined;
  readonly quiet: boolean;
  /** Failed attempts since the start, by their class. */
  readonly faults: Readonly<Record<string, number>>;
  /** Series that have had a suspect value since the start. */
  readonly series: readonly SeriesLook[];
}

export interface SeriesLook {
  readonly sensor: string;
  readonly metric: string;
  /** What the latest value failed, and how; `undefined` if nothing. */
  readonly suspect: { readonly check: string; readonly message: string } | undefined;
  /** Suspect readings since the start, by check. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface BusLook {
  readonly bus: number;
  readonly stuck: boolean;
  readonly stuckSinceAt: number | undefined;
}

export interface DeliveringLook {
  readonly name: string;
  readonly quiet: boolean;
  /** As it is now: the file is behind by a round. */
  readonly backlogRows: number;
  /** `undefined` while there is no drain. */
  readonly drainRowsPerSecond: number | undefined;
}

export interface ClockLook {
  readonly trusted: boolean;
  readonly why: string;
  readonly jumpedMs: number;
}

export interface AppendsLook {
  readonly medianMs: number;
  readonly slowestMs: number;
}

export interface OutboxLook {
  readonly destinations: readonly DeliveryLook[];
  readonly deadLetters: number;
  /** Why the latest of them was refused. */
  readonly latestDeadLetter: string | undefined;
  /** Until the oldest are given up if nothing is delivered; `undefined`: nothing is added. */
  readonly lastsMs: number | undefined;
}

export interface DeliveryLook {
  readonly destination: string;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** By a person. */
  readonly held: boolean;
  readonly reason: string;
  /** Since when it was last closed; `undefined` while it is. */
  readonly brokenSinceAt: number | undefined;
  /** Wall times at which it opened from closed, the latest first, as far as the history reaches. */
  readonly openedAt: readonly number[];
  readonly outcome: OutcomeRecord | undefined;
  readonly rows: number;
  readonly oldestAt: number | undefined;
}

export interface GapsLook {
  /** Of this gateway: neither received, nor waiting, nor in a ledger. */
  readonly unexplained: number;
  /** Some of them: stream and ranges. */
  readonly ranges: readonly string[];
}

export interface DamagedLook {
  /** `outbox.db`. */
  readonly file: string;
  readonly dir: string;
  readonly reason: string;
  readonly at: number;
  readonly state: 'waiting' | 'salvaged' | 'given_up';
}

export interface AccountLook {
  /** Outboxes of this place that somebody has deleted, the latest last. */
  readonly missed: readonly MissedLook[];
  /** Runs of the reader that did not end but were cut off: when the next one began, and in which boot. */
  readonly cutOffs: readonly { readonly at: number; readonly bootId: string }[];
}

export interface MissedLook {
  /** When it was missed. */
  readonly at: number;
  readonly stream: string;
  readonly firstSeq: number;
  /** That waited in it; `null`: nobody can say. */
  readonly rows: number | null;
}

export interface DiskLook {
  readonly mountPoint: string | undefined;
  readonly readOnly: boolean;
  readonly bytes: number;
  readonly bytesFree: number;
  /** 0 where the file system has no fixed number of them. */
  readonly inodes: number;
  readonly inodesFree: number;
  /** That the file system has counted; `undefined` where it does not. */
  readonly errors: number | undefined;
}

export interface MachineLook {
  readonly memoryBytes: number | undefined;
  readonly availableBytes: number | undefined;
  /** Share of the last five minutes in which something waited for memory, in percent. */
  readonly memoryPressure: number | undefined;
  /** Of the hottest zone. */
  readonly celsius: number | undefined;
  /** Words of the firmware that hold now: `under-voltage`. `undefined`: no such firmware. */
  readonly power: readonly string[] | undefined;
  /** Processes that the kernel has killed for memory since the boot. */
  readonly oomKills: number | undefined;
}

export interface EndLook {
  /** In systemd's words: `watchdog`, `oom-kill`, `signal`, `exit-code`, `timeout`. */
  readonly result: string;
  /** `killed ABRT`, `exited 1`. */
  readonly how: string;
  readonly agoMs: number;
}

export interface RecoveryLook {
  /** What runs the script; `undefined`: nothing. */
  readonly by: string | undefined;
  /** `undefined`: it has left no trace since the boot. */
  readonly silentMs: number | undefined;
  readonly uptimeMs: number;
  /** A unit that it has given up, and why. */
  readonly givenUp: { readonly unit: string; readonly reason: string } | undefined;
}

export interface CertificateLook {
  readonly validUntilAt: number;
}
