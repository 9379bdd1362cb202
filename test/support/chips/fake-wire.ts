/** The device file of a bus with fakes of chips on it, which can be unplugged, exchanged, and plugged in again. */

import type { I2cWire } from '../../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import { exchangeWith, type FakeChip, notAcknowledged } from './fake-chip.ts';

export interface FakeWire extends I2cWire {
  /** By address. */
  readonly chips: Map<number, FakeChip>;
}

export function createFakeWire(chips: readonly FakeChip[]): FakeWire {
  const plugged = new Map(chips.map((chip) => [chip.address, chip]));
  return {
    chips: plugged,
    async exchange(address, write, readLength) {
      const chip = plugged.get(address);
      if (chip === undefined) throw notAcknowledged();
      return exchangeWith(chip, write, readLength);
    },
    drop: async () => {},
  };
}
