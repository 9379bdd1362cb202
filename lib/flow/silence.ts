/**
 * Times without readings, and why: what no seq is missing for. Sampling notes them, the outbox keeps them, and a
 * person who asks what is missing reads them. A silence lies between two seqs, not between two times, so that it
 * stays true whatever the clock does.
 */

/** Why a sensor has no readings for a time. */
export const SILENCE_CAUSES = [
  // Between two boots; between two runs of one boot.
  'power_off',
  'reader_stopped',
  // It gave nothing, or nothing to trust.
  'sensor_fault',
  // Its source had quiet hours, as somebody has configured it.
  'quiet_hours',
  // Its source is not configured.
  'removed',
  // It was read less often: to wait for the write API, or because it was so configured.
  'paced',
  // Rounds were missed: the machine was too busy, or the reader did not run.
  'late',
  'suspended',
  // The wall clock was set; nothing is missing.
  'clock_set',
  // Sampled, and never accepted: the disk did not take it.
  'dropped',
] as const;
export type SilenceCause = (typeof SILENCE_CAUSES)[number];

/** After `afterSeq`, and not beyond `untilSeq`; the times are for people. */
export interface Silence {
  readonly cause: SilenceCause;
  /** `null`: of all sensors. */
  readonly sensor: string | null;
  readonly afterSeq: number;
  /** `null`: it goes on. */
  readonly untilSeq: number | null;
  readonly fromAt: number;
  readonly toAt: number | null;
  /** In words; of a start, its boot. */
  readonly detail: string;
}

/** How often a sensor is read, by which source. */
export interface KnownSensor {
  readonly sensor: string;
  readonly source: string;
  readonly intervalMs: number;
}

/** Where silences are kept. Every call throws what the disk throws. */
export interface SilenceBook {
  /** The last seq that was assigned; 0 if none was. */
  lastSeq(): number;
  sensors(): readonly KnownSensor[];
  keepSensor(sensor: KnownSensor): void;
  /** The detail of the latest start, which is its boot. */
  lastStart(): string | undefined;
  /** Returns an id for `end`. One that ended a moment ago, of the same cause and sensor, goes on instead. */
  note(silence: Silence): number;
  end(id: number, untilSeq: number, at: number): void;
  /** Ends what the run before has left open. */
  endAll(untilSeq: number, at: number): void;
  /** All or nothing, durable when it returns. */
  write(work: () => void): void;
}

/** Each start says which boot it was in, for the next one. */
export function isStart(cause: string): boolean {
  return cause === 'power_off' || cause === 'reader_stopped';
}
