/**
 * What the pages of an SQLite file still say, page by page: neither the header, nor the tree above a page, nor
 * the index of the log has to be whole, so a few damaged bytes cost one page and not the file. Only reads. What
 * is found here is a claim: whoever uses it must hold it against a checksum of its own.
 *
 * The formats are those of https://www.sqlite.org/fileformat2.html (b-tree leaf pages, records, log frames).
 */

import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** The value of a column; blobs are not used in our tables. */
export type Cell = number | string | null;

export interface ScannedRow {
  /** `undefined` in a table without rowids. */
  readonly rowid: number | undefined;
  readonly cells: readonly Cell[];
}

/** One version of a page. */
export interface ScannedPage {
  /** 1 is the one with the schema. */
  readonly number: number;
  /** Whether it is a page with rows, though perhaps without any at the time. */
  readonly isLeaf: boolean;
  readonly rows: readonly ScannedRow[];
}

/** What we create files with; used when the file cannot say. */
const PAGE_SIZE = 4_096;
const FILE_HEADER_BYTES = 100;
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const LEAF_TABLE = 0x0d;
const LEAF_INDEX = 0x0a;
/** The widest of our tables has 14 columns. */
const CELLS_MAX = 24;

/**
 * Every row on every leaf page, one page at a time: the latest version of a page first, that is the log from
 * its end, and then the file. A page whose bytes make no sense gives nothing.
 */
export function* scanPages(file: string): Generator<ScannedPage> {
  yield* scanLog(`${file}-wal`);
  // A directory may have been in the place of the file.
  if (!existsSync(file) || !statSync(file).isFile()) return;
  const fd = openSync(file, 'r');
  try {
    const page = Buffer.alloc(PAGE_SIZE);
    const bytes = fstatSync(fd).size;
    for (let at = 0; at < bytes; at += PAGE_SIZE) {
      page.fill(0);
      readSync(fd, page, 0, PAGE_SIZE, at);
      yield readPage(page, at / PAGE_SIZE + 1);
    }
  } finally {
    closeSync(fd);
  }
}

/** The latest version of each of these pages, as far as there is one. */
export function latestPages(file: string, numbers: readonly number[]): Map<number, ScannedPage> {
  const found = new Map<number, ScannedPage>();
  for (const page of scanLog(`${file}-wal`)) {
    if (numbers.includes(page.number) && !found.has(page.number)) found.set(page.number, page);
  }
  if (!existsSync(file) || !statSync(file).isFile()) return found;
  const fd = openSync(file, 'r');
  try {
    for (const number of numbers) {
      if (number < 1 || found.has(number)) continue;
      const page = Buffer.alloc(PAGE_SIZE);
      readSync(fd, page, 0, PAGE_SIZE, (number - 1) * PAGE_SIZE);
      found.set(number, readPage(page, number));
    }
  } finally {
    closeSync(fd);
  }
  return found;
}

/** Frames of another generation of the log have reached the file already, and are older than it. */
function* scanLog(file: string): Generator<ScannedPage> {
  if (!existsSync(file)) return;
  const fd = openSync(file, 'r');
  try {
    const frames = committedFrames(fd);
    const page = Buffer.alloc(PAGE_SIZE);
    for (const { at, number } of frames.reverse()) {
      page.fill(0);
      readSync(fd, page, 0, PAGE_SIZE, at + FRAME_HEADER_BYTES);
      yield readPage(page, number);
    }
  } finally {
    closeSync(fd);
  }
}

interface Frame {
  readonly at: number;
  readonly number: number;
}

/** The frames up to the last commit: what follows it was never accepted. */
function committedFrames(fd: number): Frame[] {
  const bytes = fstatSync(fd).size;
  const headers: { frame: Frame; salt: string; commit: boolean }[] = [];
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  for (let at = LOG_HEADER_BYTES; at + FRAME_HEADER_BYTES < bytes; at += FRAME_HEADER_BYTES + PAGE_SIZE) {
    readSync(fd, header, 0, FRAME_HEADER_BYTES, at);
    headers.push({
      frame: { at, number: header.readUInt32BE(0) },
      salt: header.toString('hex', 8, 16),
      commit: header.readUInt32BE(4) !== 0,
    });
  }
  // The header of the log may be the damaged part: the first frame that another one agrees with tells the generation.
  const salt = headers.find((one, i) => headers[i + 1]?.salt === one.salt)?.salt ?? headers[0]?.salt;
  const ours = headers.filter((one) => one.salt === salt);
  const last = ours.findLastIndex((one) => one.commit);
  return ours.slice(0, last + 1).map((one) => one.frame);
}

/** The first page begins with the header of the file. */
function readPage(page: Buffer, number: number): ScannedPage {
  const start = number === 1 ? FILE_HEADER_BYTES : 0;
  const kind = page[start];
  if (kind !== LEAF_TABLE && kind !== LEAF_INDEX) return { number, isLeaf: false, rows: [] };
  return { number, isLeaf: true, rows: rowsOn(page, start) };
}

/** The rows on a leaf page; `start` is where its own header begins. */
function rowsOn(page: Buffer, start: number): ScannedRow[] {
  const kind = page[start];
  const cells = page.readUInt16BE(start + 3);
  const rows: ScannedRow[] = [];
  for (let i = 0; i < cells; i += 1) {
    const pointer = start + 8 + 2 * i;
    if (pointer + 2 > page.length) break;
    const row = readCell(page, page.readUInt16BE(pointer), kind === LEAF_TABLE);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

function readCell(page: Buffer, at: number, hasRowid: boolean): ScannedRow | undefined {
  try {
    const [payload, afterSize] = varint(page, at);
    const [rowid, body] = hasRowid ? varint(page, afterSize) : [undefined, afterSize];
    if (body + payload > page.length) return undefined;
    const cells = readRecord(page.subarray(body, body + payload));
    return cells === undefined ? undefined : { rowid, cells };
  } catch (error) {
    // Beyond the end of the page: the pointer or a length in it is damaged.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readRecord(record: Buffer): Cell[] | undefined {
  const [headerBytes, first] = varint(record, 0);
  if (headerBytes > record.length) return undefined;
  const types: number[] = [];
  for (let at = first; at < headerBytes; ) {
    const [type, next] = varint(record, at);
    types.push(type);
    if (types.length > CELLS_MAX) return undefined;
    at = next;
  }
  let at = headerBytes;
  const cells: Cell[] = [];
  for (const type of types) {
    const bytes = bytesOf(type);
    if (bytes === undefined || at + bytes > record.length) return undefined;
    cells.push(readValue(record, at, type, bytes));
    at += bytes;
  }
  return cells;
}

/** `undefined` for types that none of our columns has. */
function bytesOf(type: number): number | undefined {
  if (type <= 4) return type;
  if (type === 5) return 6;
  if (type === 6 || type === 7) return 8;
  if (type === 8 || type === 9) return 0;
  return type >= 13 && type % 2 === 1 ? (type - 13) / 2 : undefined;
}

function readValue(record: Buffer, at: number, type: number, bytes: number): Cell {
  if (type === 0) return null;
  if (type === 7) return record.readDoubleBE(at);
  if (type === 8 || type === 9) return type - 8;
  if (type >= 13) return record.toString('utf8', at, at + bytes);
  return bytes === 8 ? Number(record.readBigInt64BE(at)) : record.readIntBE(at, bytes);
}

/** SQLite's variable-length integer at `at`, and where it ends. Throws a RangeError beyond the end. */
function varint(buffer: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 8; i += 1) {
    const byte = buffer.readUInt8(at + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + i + 1];
  }
  // The ninth byte counts whole. No number of ours is so large.
  return [value * 256 + buffer.readUInt8(at + 8), at + 9];
}
