/** The port of everything that can be read. Adapters are named by technology (`kernel-sources.ts`, ...). */

import type { QuietHours } from '../../base/quiet-hours.ts';

/** What a source reports; the sampler adds the times and validates it. */
export interface Measurement {
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

/** What a source knows of how it is doing, counted since the start. All of it is for people to look at. */
export interface SourceStatistics {
  /** Failed attempts by their class (`CHIP_FAULTS`, or `other`); a class that has not been met is left out. */
  readonly faults: Readonly<Record<string, number>>;
  /** Measurements that were begun a second time within a round. */
  readonly retries: number;
  /** Exchanges that were made twice, because nobody answered the first or it was garbled. */
  readonly repeats: number;
  /** Attempts that were cut short by a deadline. */
  readonly abandoned: number;
  /** open: it has failed so often that it is left alone for a while. */
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** Wall time of the next attempt while the breaker is open. */
  readonly nextTryAt: number | undefined;
  /** Wall times of the last good value, by metric. */
  readonly lastValueAt: Readonly<Record<string, number>>;
}

export interface SensorSource {
  /** `[a-z0-9_-]{1,48}`, unique among the sources. */
  readonly name: string;

  /** How often to read it; `undefined`: with every round. */
  readonly intervalMs?: number;

  /** How long one read may take before the round goes on without it. */
  readonly deadlineMs: number;

  /** When it is not to be read. */
  readonly quiet?: QuietHours;

  /**
   * Takes one set of measurements. May reject, hang, or return nonsense: the sampler contains it.
   * `signal` aborts at the deadline; a source that can stop early should.
   */
  read(signal: AbortSignal): Promise<readonly Measurement[]>;

  /** For the health file; may be left out. */
  statistics?(): SourceStatistics | undefined;

  /** Its sensors that are there and gave nothing at the latest read, each with the reason; may be left out. */
  troubles?(): Readonly<Record<string, string>>;

  /** Releases what it holds. */
  close?(): void;
}
