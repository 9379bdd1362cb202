/** What a card may make of a file: the same bytes with one bit turned. */

/** `bit` is counted from the first byte on, the lowest one of a byte first. */
export function withBitTurned(bytes: Buffer, bit: number): Buffer {
  const turned = Buffer.from(bytes);
  const at = Math.floor(bit / 8);
  turned.writeUInt8(turned.readUInt8(at) ^ (1 << (bit % 8)), at);
  return turned;
}

/** Long enough that the byte which says so is hardly anything else. */
const TEXT_LETTERS = 57;
/** The type of a text says how long it is, and one less is a BLOB: SQLite's file format, section 2.1. */
const TEXT_TYPE = 13 + 2 * TEXT_LETTERS;

/** A text for a row, to be looked for in the bytes of its database. */
export const RARE_TEXT = 'x'.repeat(TEXT_LETTERS);

/** Makes a BLOB of `RARE_TEXT`: it can be read, and its row not be written any more. */
export function withTextAsBlob(bytes: Buffer): Buffer {
  return withBitTurned(bytes, 8 * bytes.lastIndexOf(TEXT_TYPE, bytes.indexOf(RARE_TEXT)));
}
