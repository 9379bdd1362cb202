/**
 * What the pages of an SQLite file still say, page by page: neither the header, nor the tree above a page, nor
 * the index of the log has to be whole, so a few damaged bytes cost one page and not the file. Only reads. What
 * is found here is a claim: whoever uses it must hold it against a checksum of its own.
 *
 * The formats are those of https://www.sqlite.org/fileformat2.html (b-tree pages, records, log frames).
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
  /** Whether it is a page for rows, though perhaps without any at the time. */
  readonly hasRows: boolean;
  /** The pages below it; none below a leaf. */
  readonly children: readonly number[];
  readonly rows: readonly ScannedRow[];
}

/** Used when neither the file nor its log can say: SQLite's own. */
const PAGE_BYTES = 4_096;
const FILE_HEADER_BYTES = 100;
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const LEAF_TABLE = 0x0d;
const LEAF_INDEX = 0x0a;
const INNER_TABLE = 0x05;
/** Its cells are rows like those on a leaf, each behind the number of the page before it. */
const INNER_INDEX = 0x02;
const CHILD_BYTES = 4;
/** The widest of our tables has 16 columns. */
const CELLS_MAX = 24;

/**
 * Every row on every page, one page at a time: the latest version of a page first, that is the log from
 * its end, and then the file. A page whose bytes make no sense gives nothing.
 */
export function* scanPages(file: string, usualPageBytes = PAGE_BYTES): Generator<ScannedPage> {
  const pageBytes = pageBytesOf(file, usualPageBytes);
  yield* scanLog(`${file}-wal`, pageBytes);
  // A directory may have been in the place of the file.
  if (!existsSync(file) || !statSync(file).isFile()) return;
  const fd = openSync(file, 'r');
  try {
    const page = Buffer.alloc(pageBytes);
    const bytes = fstatSync(fd).size;
    for (let at = 0; at < bytes; at += pageBytes) {
      page.fill(0);
      readSync(fd, page, 0, pageBytes, at);
      yield readPage(page, at / pageBytes + 1);
    }
  } finally {
    closeSync(fd);
  }
}

/** By the header of the file, or else of its log: both hold it, and only one of them may be damaged. */
function pageBytesOf(file: string, usual: number): number {
  const said = [numberAt(file, 16, 2), numberAt(`${file}-wal`, 8, 4)];
  return said.find((bytes) => [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768].includes(bytes)) ?? usual;
}

function numberAt(file: string, at: number, bytes: number): number {
  if (!existsSync(file) || !statSync(file).isFile()) return 0;
  const fd = openSync(file, 'r');
  try {
    const read = Buffer.alloc(bytes);
    return readSync(fd, read, 0, bytes, at) === bytes ? read.readUIntBE(0, bytes) : 0;
  } finally {
    closeSync(fd);
  }
}

/** The latest version of each of these pages, as far as there is one. */
function latestPages(file: string, numbers: readonly number[]): Map<number, ScannedPage> {
  const found = new Map<number, ScannedPage>();
  const pageBytes = pageBytesOf(file, PAGE_BYTES);
  for (const page of scanLog(`${file}-wal`, pageBytes)) {
    if (numbers.includes(page.number) && !found.has(page.number)) found.set(page.number, page);
  }
  if (!existsSync(file) || !statSync(file).isFile()) return found;
  const fd = openSync(file, 'r');
  try {
    for (const number of numbers) {
      if (number < 1 || found.has(number)) continue;
      const page = Buffer.alloc(pageBytes);
      readSync(fd, page, 0, pageBytes, (number - 1) * pageBytes);
      found.set(number, readPage(page, number));
    }
  } finally {
    closeSync(fd);
  }
  return found;
}

/** Far more than a small table has. */
const PAGES_OF_TABLE_MAX = 64;

/** The rows of a small table whose tree begins at page `root`: all of them, if its pages are whole. */
export function rowsUnder(file: string, root: number): ScannedRow[] {
  const rows: ScannedRow[] = [];
  const seen = new Set<number>();
  let level = [root];
  while (level.length > 0 && seen.size + level.length <= PAGES_OF_TABLE_MAX) {
    for (const number of level) seen.add(number);
    const pages = [...latestPages(file, level).values()];
    rows.push(...pages.flatMap((page) => page.rows));
    level = [...new Set(pages.flatMap(({ children }) => children))].filter((number) => !seen.has(number));
  }
  return rows;
}

/** Frames of another generation of the log have reached the file already, and are older than it. */
function* scanLog(file: string, pageBytes: number): Generator<ScannedPage> {
  if (!existsSync(file)) return;
  const fd = openSync(file, 'r');
  try {
    const frames = committedFrames(fd, pageBytes);
    const page = Buffer.alloc(pageBytes);
    for (const { at, number } of frames.reverse()) {
      page.fill(0);
      readSync(fd, page, 0, pageBytes, at + FRAME_HEADER_BYTES);
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
function committedFrames(fd: number, pageBytes: number): Frame[] {
  const bytes = fstatSync(fd).size;
  const headers: { frame: Frame; salt: string; commit: boolean }[] = [];
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  for (let at = LOG_HEADER_BYTES; at + FRAME_HEADER_BYTES < bytes; at += FRAME_HEADER_BYTES + pageBytes) {
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
  switch (page[start]) {
    case LEAF_TABLE:
      return {
        number,
        hasRows: true,
        children: [],
        rows: rowsAt(page, cellsOn(page, start + 8, start), true),
      };
    case LEAF_INDEX:
      return {
        number,
        hasRows: true,
        children: [],
        rows: rowsAt(page, cellsOn(page, start + 8, start), false),
      };
    case INNER_TABLE:
      return { number, hasRows: false, children: childrenOf(page, start), rows: [] };
    case INNER_INDEX: {
      const rows = cellsOn(page, start + 12, start).map((at) => at + CHILD_BYTES);
      return { number, hasRows: true, children: childrenOf(page, start), rows: rowsAt(page, rows, false) };
    }
    default:
      return { number, hasRows: false, children: [], rows: [] };
  }
}

/** Where the cells of a page are, whose header begins at `start` and whose list of cells at `list`. */
function cellsOn(page: Buffer, list: number, start: number): number[] {
  const count = Math.min(page.readUInt16BE(start + 3), Math.floor((page.length - list) / 2));
  return Array.from({ length: count }, (_, i) => page.readUInt16BE(list + 2 * i));
}

function childrenOf(page: Buffer, start: number): number[] {
  const before = cellsOn(page, start + 12, start).filter((at) => at + CHILD_BYTES <= page.length);
  return [...before.map((at) => page.readUInt32BE(at)), page.readUInt32BE(start + 8)];
}

function rowsAt(page: Buffer, cells: readonly number[], hasRowid: boolean): ScannedRow[] {
  return cells.flatMap((at) => readCell(page, at, hasRowid) ?? []);
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
