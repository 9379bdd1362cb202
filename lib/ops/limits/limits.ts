/**
 * Every limit that has to go together with another one, each with the place where it is set. What settings and
 * programs say is known to whoever puts the parts together (`SettledLimits`); what holds on this machine, its
 * units above all, is asked of the machine itself (`look.ts`), because a drop-in may have changed it.
 */

import type { Quantity } from './quantity.ts';

/** In the order in which they are started. */
export const PROGRAMS = ['sensor-api-write', 'sensor-main', 'sensor-monitor'] as const;

export type Program = (typeof PROGRAMS)[number];

/** Not said, or not to be seen. */
type Known = Quantity | undefined;

type OfEach<T> = Readonly<Record<Program, T>>;

/** As systemd applies them, drop-ins included. What it does not say is left out. */
export interface UnitLimits {
  /** 0: there is no watchdog. */
  readonly watchdog?: Known;
  readonly startTimeout?: Known;
  readonly stopTimeout?: Known;
  readonly restartPause?: Known;
  /** Steps by which the pause grows; 0: it does not. */
  readonly restartSteps?: Known;
  readonly startLimitInterval?: Known;
  readonly startLimitBurst?: Known;
  readonly memoryMax?: Known;
  /** What the unit tells the program of `MemoryMax=`, for a kernel that does not enforce it. */
  readonly memoryTold?: Known;
  readonly tasksMax?: Known;
  readonly filesMax?: Known;
}

/** What the recovery script goes by. */
export interface RecoveryLimits {
  readonly restartsMax?: Known;
  readonly window?: Known;
  readonly cooldown?: Known;
  readonly healthAgeMax?: Known;
}

export interface MachineLimits {
  readonly memory?: Known;
  readonly diskFree?: Known;
  /** What the outbox has of its bound already. */
  readonly outboxTaken?: Known;
}

/** What settings and programs say. */
export interface SettledLimits {
  readonly settings: {
    readonly memoryMax?: Known;
    readonly outboxMax: Quantity;
    readonly diskReserve: Quantity;
    /** The longest of all destinations. */
    readonly batchTimeout: Quantity;
    /** The longest of those that deliver to the write API of this machine. */
    readonly localBatchTimeout?: Known;
    readonly longestPause: Quantity;
    /** 0: readings do not wait for a clock. */
    readonly clockHold: Quantity;
    /** Of the most patient source. */
    readonly sourceDeadline: Quantity;
    readonly samplingInterval: Quantity;
  };
  readonly fixed: {
    readonly beat: OfEach<Quantity>;
    /** What a start may take, besides reading a large database. */
    readonly start: Quantity;
    readonly stop: Quantity;
    readonly lastLines: Quantity;
    /** How long the event loop may stand still for a collection of garbage. */
    readonly collection: Quantity;
    /** How long it may stand still for somebody else's lock on a database. */
    readonly lockWait: Quantity;
    readonly threads: Quantity;
    readonly files: OfEach<Quantity>;
    /** What a program has when it does nothing. */
    readonly atRest: Quantity;
    /** What it may hold besides, when all comes at once. */
    readonly held: OfEach<Quantity>;
    readonly outboxLog: Quantity;
    readonly storeLog: Quantity;
    readonly ballast: Quantity;
    /** What a machine needs besides us, so that somebody can log in. */
    readonly forOthers: Quantity;
    /** From the first byte of a request to its last. */
    readonly apiRequest: Quantity;
    readonly apiClose: Quantity;
    readonly apiKeepAlive: Quantity;
    readonly readerKeepAlive: Quantity;
    /** The write API is taken for gone after so much silence. */
    readonly peerSilence: Quantity;
    /** A program whose health file is older is called silent. */
    readonly healthFresh: Quantity;
    readonly clockAsked: Quantity;
    /** The share of an interval that a round waits for its sources. */
    readonly roundShare: number;
    /** The share of its memory at which a program ends, to be started afresh. */
    readonly endShare: number;
  };
}

export interface Limits extends SettledLimits {
  readonly units: OfEach<UnitLimits>;
  readonly recovery: RecoveryLimits;
  readonly machine: MachineLimits;
}
