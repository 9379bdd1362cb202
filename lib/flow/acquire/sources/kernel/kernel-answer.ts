/** What one read of a kind of kernel sensors brought. */

import type { Measurement } from '../../sensor-source.ts';

export interface KernelAnswer {
  readonly measurements: readonly Measurement[];
  /** Sensors or devices that are there and gave nothing, and why. */
  readonly troubles: ReadonlyMap<string, string>;
}
