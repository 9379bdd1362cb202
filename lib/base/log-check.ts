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

import { existsSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The smallest pages that SQLite knows. */
const PAGE_BYTES_MIN = 512;
/** Big or little endian is about its checksums, and its lowest bit. */
const MAGIC = 0x377f0682;

/** What is wrong with the log of `file`, in words; `undefined` if there is none, or it can be replayed whole. */
export function damageOfLog(file: string): string | undefined {
  const path = `${file}-wal`;
  if (!existsSync(path)) return undefined;
  // A few MiB: the log is written back, and begun again, when it has grown to 4.
  const log = readFileSync(path);
  // Too short for a commit: a power cut in the very first write to it. Nobody was told of anything.
  if (log.length < HEADER_BYTES + FRAME_HEADER_BYTES + PAGE_BYTES_MIN) return undefined;
  if (!isHeader(log)) return 'the header of its write-ahead log is damaged';
  const bad = firstBadFrame(log);
  if (bad === undefined || (bad.last && isBehindIndex(`${file}-shm`, log, bad.number))) return undefined;
  return 'its write-ahead log is damaged before its last commit';
}

function isHeader(log: Buffer): boolean {
  if ((log.readUInt32BE(0) & ~1) >>> 0 !== MAGIC) return false;
  const sums = checksum(log.subarray(0, 24), isBigEndian(log), [0, 0]);
  return sums[0] === log.readUInt32BE(24) && sums[1] === log.readUInt32BE(28);
}

const isBigEndian = (log: Buffer) => (log.readUInt32BE(0) & 1) === 1;

interface BadFrame {
  /** Counted from 1. */
  readonly number: number;
  /** No frame behind it commits. */
  readonly last: boolean;
}

/** The first frame that is not as it was written, if it or one behind it commits; `undefined`: nothing is lost. */
function firstBadFrame(log: Buffer): BadFrame | undefined {
  const pageSize = log.readUInt32BE(8);
  const bigEndian = isBigEndian(log);
  let sums: Sums = [log.readUInt32BE(24), log.readUInt32BE(28)];
  let bad: number | undefined;
  let lastCommit = 0;
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  for (let at = HEADER_BYTES, number = 1; at + frameBytes <= log.length; at += frameBytes, number += 1) {
    const sameGeneration = log.compare(log, at + 8, at + 16, 16, 24) === 0;
    if (bad === undefined) {
      sums = checksum(log.subarray(at, at + 8), bigEndian, sums);
      sums = checksum(log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes), bigEndian, sums);
      const good = sums[0] === log.readUInt32BE(at + 16) && sums[1] === log.readUInt32BE(at + 20);
      if (!sameGeneration || !good) bad = number;
    }
    const commits = log.readUInt32BE(at + 4) !== 0;
    if (sameGeneration && commits) lastCommit = number;
  }
  return bad === undefined || lastCommit < bad ? undefined : { number: bad, last: lastCommit === bad };
}

/** Of the two copies of its header. */
const INDEX_HEADER_BYTES = 48;

/** Whether the index is of this log, was not being written, and does not count the frame yet. */
function isBehindIndex(path: string, log: Buffer, frame: number): boolean {
  if (!existsSync(path)) return false;
  const index = readFileSync(path);
  if (index.length < 2 * INDEX_HEADER_BYTES) return false;
  const whole = index.compare(index, INDEX_HEADER_BYTES, 2 * INDEX_HEADER_BYTES, 0, INDEX_HEADER_BYTES) === 0;
  const initialised = index[12] === 1;
  const ofThisLog = index.compare(log, 16, 24, 32, 40) === 0;
  // It is in memory that processes share, and so in the byte order of the machine.
  const counted = endianness() === 'LE' ? index.readUInt32LE(16) : index.readUInt32BE(16);
  return whole && initialised && ofThisLog && counted < frame;
}

type Sums = readonly [number, number];

/** The checksum of the file format: over pairs of 32-bit words. */
function checksum(bytes: Buffer, bigEndian: boolean, [first, second]: Sums): Sums {
  let [s0, s1] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    const [a, b] = bigEndian
      ? [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
      : [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    s0 = (s0 + a + s1) >>> 0;
    s1 = (s1 + b + s0) >>> 0;
  }
  return [s0, s1];
}
