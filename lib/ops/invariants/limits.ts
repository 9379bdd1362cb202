/** The thresholds of invariants that differ between machines; the settings `invariants` fill them in. */

export interface InvariantLimits {
  /** A source without an answer for so long is silent, but at least three of its own intervals. */
  readonly sensorSilentMs: number;
  readonly breakerOpenMs: number;
  readonly backlogAgeMs: number;
  /** The outbox must last longer than this while nothing is delivered. */
  readonly forecastMs: number;
  /** The median of an append. */
  readonly appendMs: number;
  /** Bytes. */
  readonly memoryAvailable: number;
  readonly temperatureCelsius: number;
  readonly clockUntrustedMs: number;
  /** Restarts of a unit within an hour. */
  readonly restarts: number;
  readonly certificateMs: number;
}
