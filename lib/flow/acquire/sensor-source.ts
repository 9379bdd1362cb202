/** The port of everything that can be read. Adapters are named by technology (`kernel-sources.ts`, ...). */

/** What a source reports; the sampler adds the times and validates it. */
export interface Measurement {
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

export interface SensorSource {
  /** `[a-z0-9_-]{1,48}`, unique among the sources. */
  readonly name: string;

  /** How often to read it; `undefined`: with every round. */
  readonly intervalMs?: number;

  /** How long one read may take before the round goes on without it. */
  readonly deadlineMs: number;

  /**
   * Takes one set of measurements. May reject, hang, or return nonsense: the sampler contains it.
   * `signal` aborts at the deadline; a source that can stop early should.
   */
  read(signal: AbortSignal): Promise<readonly Measurement[]>;

  /** Releases what it holds. */
  close?(): void;
}
