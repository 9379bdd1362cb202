/**
 * The checksum that Sensirion's chips put behind every two bytes: CRC-8 with the polynomial 0x31
 * (x^8 + x^5 + x^4 + 1), from 0xFF, not reflected, nothing added at the end (SHT3x 4.12, SHT4x 4.4, SCD4x 3.11).
 * It finds every error of up to eight bits in a row. All ones and all zeros, as a dead bus gives them, do not
 * carry their own checksum.
 */

const POLYNOMIAL = 0x31;
const START = 0xff;

/** One byte. */
export function crc8(bytes: Iterable<number>): number {
  let crc = START;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x80) === 0 ? crc << 1 : ((crc << 1) ^ POLYNOMIAL) & 0xff;
    }
  }
  return crc;
}
