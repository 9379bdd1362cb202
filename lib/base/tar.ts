/** A tar archive (ustar) of a few texts, in memory: enough for a report, and without a package for it. */

export interface TarEntry {
  /** At most 99 bytes, with `/` between directories. */
  readonly name: string;
  readonly text: string;
}

const BLOCK = 512;

/** Every file gets mode 0600 and the time `atMs`. Throws a `RangeError` for a name that does not fit. */
export function tarOf(entries: readonly TarEntry[], atMs: number): Buffer {
  const parts = entries.flatMap(({ name, text }) => {
    const data = Buffer.from(text);
    return [header(name, data.length, atMs), data, Buffer.alloc(-data.length & (BLOCK - 1))];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(name: string, bytes: number, atMs: number): Buffer {
  if (Buffer.byteLength(name) > 99) throw new RangeError(`too long for an archive: ${name}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  block.write(name, 0);
  block.write(octal(0o600, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(bytes, 12), 124);
  block.write(octal(Math.max(0, Math.floor(atMs / 1_000)), 12), 136);
  // The sum is formed with blanks where it will stand.
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return block;
}
