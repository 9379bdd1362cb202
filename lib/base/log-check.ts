/**
 * Whether the write-ahead log that a stop has left behind can be replayed whole. SQLite replays it up to the
 * first frame that is not as it was written, and forgets the rest without a word: accepted rows would be gone,
 * and their seqs assigned again. So a log with committed frames behind a bad one is treated as damage, and so is a bad
 * frame that says that it commits.
 *
 * Unless it was never committed: a frame is written in two pieces, and a death between them leaves, in a log that has
 * been begun again, the head of the last frame over the page of an older one. Nobody was told of that commit: the index
 * beside the log (`-shm`), which a dead process leaves as it was, counts it only after the sync. One that a look has
 * made anew since then does not count it either, because to SQLite it is gone.
 */

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The smallest and the largest pages that SQLite knows. */
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;
/** Big or little endian is about its checksums, and its lowest bit. */
const MAGIC = 0x377f0682;
/** Held at once: somebody who keeps reading from an earlier state lets a log grow to any size. */
const READ_BYTES = 1_048_576;

export interface LogCheck {
  /**
   * Nothing of the last commit is damage. A power cut may leave any part of one that nobody was told of, and where a
   * salvage takes hours, that is dearer than a commit in whose few frames a bit has changed.
   */
  readonly lastMayBeTorn?: boolean;
}

/** What is wrong with the log of `file`, in words; `undefined` if there is none, or it can be replayed whole. */
export function damageOfLog(file: string, { lastMayBeTorn = false }: LogCheck = {}): string | undefined {
  const path = `${file}-wal`;
  if (!existsSync(path)) return undefined;
  const fd = openSync(path, 'r');
  try {
    // Too short for a commit: a power cut in the very first write to it. Nobody was told of anything.
    if (fstatSync(fd).size < HEADER_BYTES + FRAME_HEADER_BYTES + PAGE_BYTES_MIN) return undefined;
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(fd, header, 0, HEADER_BYTES, 0);
    if (!isHeader(header)) return 'the header of its write-ahead log is damaged';
    const bad = firstBadFrame(fd, header);
    if (bad === undefined || (lastMayBeTorn && bad.inLastCommit)) return undefined;
    if (bad.last && isBehindIndex(`${file}-shm`, header, bad.number)) return undefined;
    return 'its write-ahead log is damaged before its last commit';
  } finally {
    closeSync(fd);
  }
}

function isHeader(header: Buffer): boolean {
  if ((header.readUInt32BE(0) & ~1) >>> 0 !== MAGIC) return false;
  const pageBytes = header.readUInt32BE(8);
  if (pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) return false;
  const sums = checksum(header.subarray(0, 24), isBigEndian(header), [0, 0]);
  return sums[0] === header.readUInt32BE(24) && sums[1] === header.readUInt32BE(28);
}

const isBigEndian = (header: Buffer) => (header.readUInt32BE(0) & 1) === 1;

interface BadFrame {
  /** Counted from 1. */
  readonly number: number;
  /** No frame behind it commits. */
  readonly last: boolean;
  readonly inLastCommit: boolean;
}

/** The first frame that is not as it was written, if it or one behind it commits; `undefined`: nothing is lost. */
function firstBadFrame(fd: number, header: Buffer): BadFrame | undefined {
  const bigEndian = isBigEndian(header);
  let sums: Sums = [header.readUInt32BE(24), header.readUInt32BE(28)];
  let bad: number | undefined;
  let [lastCommit, commitBefore] = [0, 0];
  let number = 0;
  for (const frame of framesOf(fd, FRAME_HEADER_BYTES + header.readUInt32BE(8))) {
    number += 1;
    const sameGeneration = frame.compare(header, 16, 24, 8, 16) === 0;
    if (bad === undefined) {
      sums = checksum(frame.subarray(0, 8), bigEndian, sums);
      sums = checksum(frame.subarray(FRAME_HEADER_BYTES), bigEndian, sums);
      const good = sums[0] === frame.readUInt32BE(16) && sums[1] === frame.readUInt32BE(20);
      if (!sameGeneration || !good) bad = number;
    }
    const commits = frame.readUInt32BE(4) !== 0;
    if (sameGeneration && commits) [lastCommit, commitBefore] = [number, lastCommit];
  }
  if (bad === undefined || lastCommit < bad) return undefined;
  return { number: bad, last: lastCommit === bad, inLastCommit: commitBefore < bad };
}

/** Each whole frame of the log; what is given is overwritten by the next ones. */
function* framesOf(fd: number, frameBytes: number): Generator<Buffer> {
  const some = Buffer.alloc(Math.floor(READ_BYTES / frameBytes) * frameBytes);
  let at = HEADER_BYTES;
  for (;;) {
    const bytes = readSync(fd, some, 0, some.length, at);
    const whole = bytes - (bytes % frameBytes);
    for (let from = 0; from < whole; from += frameBytes) yield some.subarray(from, from + frameBytes);
    if (whole === 0) return;
    at += whole;
  }
}

/** Of the two copies of its header. */
const INDEX_HEADER_BYTES = 48;

/** Whether the index is of this log, was not being written, and does not count the frame yet. */
function isBehindIndex(path: string, header: Buffer, frame: number): boolean {
  const index = headersOfIndex(path);
  if (index === undefined) return false;
  const whole = index.compare(index, INDEX_HEADER_BYTES, 2 * INDEX_HEADER_BYTES, 0, INDEX_HEADER_BYTES) === 0;
  const initialised = index[12] === 1;
  const ofThisLog = index.compare(header, 16, 24, 32, 40) === 0;
  // It is in memory that processes share, and so in the byte order of the machine.
  const counted = endianness() === 'LE' ? index.readUInt32LE(16) : index.readUInt32BE(16);
  return whole && initialised && ofThisLog && counted < frame;
}

/** Both copies; `undefined` if there is no index, or it is cut off. */
function headersOfIndex(path: string): Buffer | undefined {
  if (!existsSync(path)) return undefined;
  const fd = openSync(path, 'r');
  try {
    const index = Buffer.alloc(2 * INDEX_HEADER_BYTES);
    return readSync(fd, index, 0, index.length, 0) === index.length ? index : undefined;
  } finally {
    closeSync(fd);
  }
}

type Sums = readonly [number, number];

/** The checksum of the file format: over pairs of 32-bit words. A view, because a large log has a hundred million. */
function checksum(bytes: Buffer, bigEndian: boolean, [first, second]: Sums): Sums {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [s0, s1] = [first | 0, second | 0];
  for (let at = 0; at < bytes.length; at += 8) {
    s0 = (s0 + words.getInt32(at, !bigEndian) + s1) | 0;
    s1 = (s1 + words.getInt32(at + 4, !bigEndian) + s0) | 0;
  }
  return [s0 >>> 0, s1 >>> 0];
}
