/**
 * What a doctor says. A check looks at one thing and returns one finding: what it saw (evidence) and, if
 * that is not well, the command that mends it. A check knows the system only through its `Probe` and the
 * gateway only through its `Subject`, so that every finding can be shown with recorded evidence.
 */

import type { SettledLimits } from '../limits/limits.ts';
import type { Probe } from './probe.ts';

/** The parts that can be examined alone, in the order in which they are shown. */
export const STEPS = [
  'config',
  'data',
  'disk',
  'clock',
  'systemd',
  'memory',
  'power',
  'i2c',
  'api',
  'network',
] as const;

export type Step = (typeof STEPS)[number];

/**
 * warn: it works, and it will not when something else happens. fail: the gateway does not do its work, or
 * may lose readings. unknown: this user may not look there; root may.
 */
export type Verdict = 'pass' | 'warn' | 'fail' | 'unknown';

export interface Finding {
  readonly verdict: Verdict;
  /** What was seen, with its values, in one line. */
  readonly evidence: string;
  /** What to do about it: a command, or a sentence where there is no command. */
  readonly fix?: string;
}

export interface Check {
  /** Begins with its step: `disk-space`. */
  readonly name: string;
  readonly step: Step;
  /** What is asked, for documents: `is there room for the outbox to grow?`. */
  readonly asks: string;
  /** Several findings where several things of one kind may be wrong, each with a fix of its own. */
  run(probe: Probe, subject: Examined): Promise<Finding | readonly Finding[]>;
}

/** The gateway that is examined: what its configuration says, or the defaults if that cannot be read. */
export interface Subject {
  /** The file that holds; `undefined` if there is none. */
  readonly configFile: string | undefined;
  /** What is wrong with it or with the files that it names; `undefined` if nothing is. */
  readonly configProblem: ConfigProblem | undefined;
  readonly dataDir: string;
  readonly runDir: string;
  readonly outboxFile: string;
  readonly storeFile: string;
  readonly diskReserve: number;
  /** How long readings wait for a clock that somebody vouches for. */
  readonly clockHoldMs: number;
  /** What settings and programs say, for the contracts between limits. */
  readonly limits: SettledLimits;
  /** Where the write API of this machine listens. */
  readonly apiUrl: string;
  readonly api: {
    /** Others can come through its port, so that it asks for a token there. */
    readonly reachable: boolean;
    readonly tokensFile: string;
    readonly tlsCertFile: string | undefined;
    readonly tlsKeyFile: string | undefined;
  };
  readonly destinations: readonly Destination[];
  /** Files that hold other secrets, and secrets that stand in the settings: of notifications. */
  readonly secretFiles?: readonly string[];
  readonly secrets?: readonly string[];
  /** What the monitor has to reach on other machines, in words. */
  readonly elsewhere?: readonly string[];
  /** Numbers of the I2C buses that sources use. */
  readonly i2cBuses: readonly number[];
  /** It is run by `npm start`, not by systemd. */
  readonly clone: boolean;
  /** Where the product is installed. */
  readonly packageDir: string;
  readonly version: string;
  /** How to run a program of ours: Node and the script. */
  readonly node: string;
  readonly sensorctl: string;
  /** The user who asks. */
  readonly uid: number;
  /** No right clock can be before this: wall time, ms. */
  readonly floorAt: number;
}

/** With the time at which a check asks for it, and not that of the start: others may have hung for a minute before it. */
export interface Examined extends Subject {
  /** Wall time. */
  readonly nowMs: number;
  /** Monotonic time, by which programs date their health files. */
  readonly nowMono: number;
}

export interface ConfigProblem {
  readonly message: string;
  /** This user may not read `file`; nothing is known to be wrong with it. */
  readonly notPermitted: boolean;
  readonly file: string;
}

export interface Destination {
  readonly name: string;
  readonly url: string;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
}

export function pass(evidence: string): Finding {
  return { verdict: 'pass', evidence };
}

export function warn(evidence: string, fix: string): Finding {
  return { verdict: 'warn', evidence, fix };
}

export function fail(evidence: string, fix: string): Finding {
  return { verdict: 'fail', evidence, fix };
}

/** It does not matter here, or it cannot be seen on this kind of machine; nothing is wrong. */
export function notApplicable(why: string): Finding {
  return pass(`not applicable: ${why}`);
}
