/** Numbers out of bytes, as chips write them: most significant byte first, negative ones in two's complement. */

/** The unsigned 16 bits at `offset`, most significant byte first. Throws a `RangeError` where there are none. */
export function wordAt(bytes: Uint8Array, offset = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(offset);
}

/** The lowest `bits` (1 to 32) of `value`, read as two's complement; what stands above them is ignored. */
export function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}
