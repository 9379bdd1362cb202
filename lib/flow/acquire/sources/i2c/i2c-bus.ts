/** The port that every I2C driver is written against, so that a driver can be tested without a wire. */

export interface I2cBus {
  /**
   * One exchange with the chip at the 7-bit `address`: writes `write`, then reads `readLength` bytes
   * (0: only writes; an empty `write`: only reads). Exchanges run one at a time, in the order asked.
   * Rejects with a sentence that tells a beginner what to look at.
   */
  transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array>;

  /** Takes no more exchanges, and lets go of the device file after those already asked for. May be called twice. */
  close(): void;
}
