/** The device file of a bus with a script instead of a chip: exchanges answer, fail, or hang until they are let go. */

import type { I2cWire } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';

export interface ScriptedWire extends I2cWire {
  /** Addresses in the order asked. */
  readonly asked: number[];
  dropped: number;
  /** How many exchanges have been under way at once, at most. */
  mostUnderWay: number;
  /** Ends all exchanges that hang. */
  letGo(): void;
}

/** What the chip at an address does; answers at once with zeros if nothing is said. */
export type Behaviour = 'hangs' | Error | ((write: Uint8Array, readLength: number) => Promise<Uint8Array>);

export function createScriptedWire(behaviourOf: (address: number) => Behaviour | undefined): ScriptedWire {
  let hanging: (() => void)[] = [];
  let underWay = 0;

  async function act(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array> {
    const behaviour = behaviourOf(address);
    if (behaviour instanceof Error) throw behaviour;
    if (typeof behaviour === 'function') return behaviour(write, readLength);
    if (behaviour === 'hangs') await new Promise<void>((resolve) => hanging.push(resolve));
    return new Uint8Array(readLength);
  }

  const wire: ScriptedWire = {
    asked: [],
    dropped: 0,
    mostUnderWay: 0,
    async exchange(address, write, readLength) {
      wire.asked.push(address);
      underWay += 1;
      wire.mostUnderWay = Math.max(wire.mostUnderWay, underWay);
      try {
        return await act(address, write, readLength);
      } finally {
        underWay -= 1;
      }
    },
    async drop() {
      wire.dropped += 1;
    },
    letGo() {
      for (const end of hanging) end();
      hanging = [];
    },
  };
  return wire;
}
