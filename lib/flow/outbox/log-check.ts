/**
 * Whether the write-ahead log that a stop has left behind can be replayed whole. SQLite replays it up to the
 * first frame that is not as it was written, and forgets the rest without a word: accepted rows would be gone,
 * and their seqs assigned again. So a log with committed frames behind a bad one is treated as damage.
 */

import { existsSync, readFileSync } from 'node:fs';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Big or little endian is about its checksums, and its lowest bit. */
const MAGIC = 0x377f0682;

/** What is wrong with the log of `file`, in words; `undefined` if there is none, or it can be replayed whole. */
export function damageOfLog(file: string): string | undefined {
  const path = `${file}-wal`;
  if (!existsSync(path)) return undefined;
  // A few MiB: the log is written back, and begun again, when it has grown to 4.
  const log = readFileSync(path);
  if (log.length === 0) return undefined;
  if (!isHeader(log)) return 'the header of its write-ahead log is damaged';
  return isWhole(log) ? undefined : 'its write-ahead log is damaged before its last commit';
}

function isHeader(log: Buffer): boolean {
  if (log.length < HEADER_BYTES || (log.readUInt32BE(0) & ~1) >>> 0 !== MAGIC) return false;
  const sums = checksum(log.subarray(0, 24), isBigEndian(log), [0, 0]);
  return sums[0] === log.readUInt32BE(24) && sums[1] === log.readUInt32BE(28);
}

const isBigEndian = (log: Buffer) => (log.readUInt32BE(0) & 1) === 1;

function isWhole(log: Buffer): boolean {
  const pageSize = log.readUInt32BE(8);
  const bigEndian = isBigEndian(log);
  let sums: Sums = [log.readUInt32BE(24), log.readUInt32BE(28)];
  let good = true;
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const sameGeneration = log.compare(log, at + 8, at + 16, 16, 24) === 0;
    if (good) {
      sums = checksum(log.subarray(at, at + 8), bigEndian, sums);
      sums = checksum(log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes), bigEndian, sums);
      good = sameGeneration && sums[0] === log.readUInt32BE(at + 16) && sums[1] === log.readUInt32BE(at + 20);
    }
    const commits = log.readUInt32BE(at + 4) !== 0;
    if (!good && sameGeneration && commits) return false;
  }
  return true;
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
