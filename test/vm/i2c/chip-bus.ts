/**
 * Chips on one I2C bus, and what can be wrong with each: not there, garbled, hanging, flaky, exchanged. The chips
 * are the fakes of the drivers' own tests; here a real kernel talks to them.
 */

import type { FakeChip } from '../../support/chips/fake-chip.ts';

/**
 * `nak`: it does not answer. `eio`: the adapter fails. `hang`: the bus stands still until the kernel gives up.
 * `wedge`: it stands still for ever, because the kernel cannot even give up. `garble`: a bit of the last byte that it
 * answers is wrong. A number: the share of messages it does not answer.
 */
export type ChipTrouble = 'none' | 'nak' | 'eio' | 'hang' | 'wedge' | 'garble' | number;

/** What came of one message: the bytes read, none for a write, or what went wrong. */
export type MessageResult = Uint8Array | 'nak' | 'eio' | 'hang' | 'wedge';

export interface ChipBus {
  plug(chip: FakeChip): void;
  unplug(address: number): void;
  trouble(address: number, trouble: ChipTrouble): void;
  /** A message of the wire: bytes to the chip, or how many are wanted from it. */
  message(address: number, message: Uint8Array | number): MessageResult;
  /** How many messages there were for this address. */
  count(address: number): number;
}

const NOTHING = new Uint8Array();

/** `fraction` decides when a flaky chip answers. */
export function createChipBus(fraction: () => number): ChipBus {
  const chips = new Map<number, FakeChip>();
  const troubles = new Map<number, ChipTrouble>();
  const counts = new Map<number, number>();

  function exchange(chip: FakeChip, message: Uint8Array | number): Uint8Array | 'nak' {
    try {
      if (typeof message === 'number') return message > 0 ? chip.read(message) : NOTHING;
      // Nothing to write only asks whether somebody is there.
      if (message.length > 0) chip.write(message);
      return NOTHING;
    } catch {
      return 'nak';
    }
  }

  return {
    plug: (chip) => void chips.set(chip.address, chip),
    unplug: (address) => void chips.delete(address),
    trouble: (address, trouble) => void troubles.set(address, trouble),
    message(address, message) {
      counts.set(address, (counts.get(address) ?? 0) + 1);
      const chip = chips.get(address);
      const trouble = troubles.get(address) ?? 'none';
      if (chip === undefined || trouble === 'nak') return 'nak';
      if (trouble === 'eio' || trouble === 'hang' || trouble === 'wedge') return trouble;
      if (typeof trouble === 'number' && fraction() < trouble) return 'nak';
      const result = exchange(chip, message);
      if (trouble === 'garble' && result !== 'nak' && result.length > 0) {
        return result.map((byte, index) => (index === result.length - 1 ? byte ^ 0x10 : byte));
      }
      return result;
    },
    count: (address) => counts.get(address) ?? 0,
  };
}
