/** What one read of a kind of kernel sensors brought, and the devices that it is read from. */

import type { Measurement } from '../../sensor-source.ts';
import type { Device } from './device-turns.ts';

export interface KernelAnswer {
  readonly measurements: readonly Measurement[];
  /** Sensors or devices that are there and gave nothing, and why. */
  readonly troubles: ReadonlyMap<string, string>;
}

export interface KernelDevice extends Device<readonly Measurement[]> {
  /** Somebody has wired it, so that no value at all means trouble; parts of a board often have none. */
  readonly wired: boolean;
}

/** For people: why such a device has no value although its driver has answered. */
export const NO_VALUE =
  'gives no value: check its wires (dmesg says more), or somebody else has set up a buffer for it';
