/** The ports of a bus: what drivers are written against, and what lies under it, so that both are tested without a wire. */

/** On a Raspberry Pi the one that its header leads out: that of a chip for which nobody has named another. */
export const BUS_OF_THE_HEADER = 1;

export interface I2cBus {
  /**
   * One exchange with the chip at the 7-bit `address`: writes `write`, then reads `readLength` bytes
   * (0: only writes; an empty `write`: only reads; neither: asks whether somebody answers there, without
   * a byte of data). Exchanges run one at a time, in the order asked.
   *
   * Rejects with a `ChipError` that tells a beginner what to look at. `signal` takes an exchange out of the
   * queue; one that has begun runs to its end, because nothing can call an ioctl back.
   */
  transfer(address: number, write: Uint8Array, readLength: number, signal?: AbortSignal): Promise<Uint8Array>;

  /** Takes no more exchanges, and lets go of the device file after those already asked for. May be called twice. */
  close(): void;
}

export interface I2cBusStatus {
  /** The `1` of `/dev/i2c-1`. */
  readonly bus: number;
  /** stuck: an exchange has been abandoned and has not ended, so that nothing else can be asked. */
  readonly state: 'free' | 'stuck';
  /** Wall time. */
  readonly stuckSinceAt: number | undefined;
  readonly exchanges: number;
  /** Exchanges that did not end within their deadline. */
  readonly abandoned: number;
  readonly waiting: number;
}

/** A bus that guards itself against exchanges that do not end. */
export interface GuardedI2cBus extends I2cBus {
  status(): I2cBusStatus;
}

/** The device file of one bus, as it is: no turns, no deadlines. It is asked one exchange at a time. */
export interface I2cWire {
  /** As `I2cBus.transfer`. May never settle. Between two ioctls it heeds `signal`. */
  exchange(address: number, write: Uint8Array, readLength: number, signal: AbortSignal): Promise<Uint8Array>;

  /** Lets go of the device file; the next exchange opens it anew. Never rejects. */
  drop(): Promise<void>;
}
