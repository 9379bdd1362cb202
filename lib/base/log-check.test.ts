/**
 * Goal: what a death leaves in a log is no damage, and what a card has changed in it is. Method: a real database with
 * a log that has been begun again, copied as a death would leave it, and changed byte by byte.
 */

import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { damageOfLog } from './log-check.ts';
import { openDatabase } from './sqlite.ts';

/** The bytes that each read of an open file has asked for. */
const asked = vi.hoisted(() => [] as number[]);

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  return {
    ...fs,
    readSync(fd: number, buffer: Buffer, offset: number, length: number, position: number) {
      asked.push(length);
      return fs.readSync(fd, buffer, offset, length, position);
    },
  };
});

beforeEach(() => {
  asked.length = 0;
});

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const PAGE_BYTES = 4_096;
const MIB = 1_048_576;
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES;

const DAMAGED = 'its write-ahead log is damaged before its last commit';

/**
 * The files as a kill would leave them, behind three commits in a log that was used before: of one frame each, but the
 * first may be longer.
 */
function killed(firstBytes = 0) {
  const file = join(tempDir(), 'test.db');
  const database = openDatabase({
    file,
    applicationId: 0x5465_7374,
    migrations: ['CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT'],
  });
  onTestFinished(() => {
    database.close();
  });
  const note = database.prepare<[string]>('INSERT INTO notes (text) VALUES (?)');
  for (let i = 0; i < 20; i += 1) note.run(`long ago ${i}`);
  database.pragma('wal_checkpoint(RESTART)');
  for (let i = 0; i < 3; i += 1) note.run(`lately ${i}`.padEnd(i === 0 ? firstBytes : 0));
  const copy = `${file}.killed`;
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(file + suffix, copy + suffix);
  return copy;
}

const frame = (number: number) => HEADER_BYTES + (number - 1) * FRAME_BYTES;

function change(file: string, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file);
  edit(bytes);
  writeFileSync(file, bytes);
}

/** As if the third commit had been cut off between the two writes of its only frame: it is counted nowhere. */
function tearLastFrame(file: string): void {
  change(`${file}-wal`, (log) => log.fill(0x5a, frame(3) + FRAME_HEADER_BYTES, frame(4)));
  change(`${file}-shm`, (index) => {
    for (const copy of [0, 48]) index.writeUInt32LE(2, copy + 16);
  });
}

it('a log as a kill leaves it is whole, with what is left in it of older times', () => {
  expect(damageOfLog(killed())).toBeUndefined();
});

it.each([
  ['a header that was cut off', 20],
  ['a frame that was begun', HEADER_BYTES + FRAME_HEADER_BYTES + 100],
])('a log that ends in %s has never been committed to, whatever is in it', (_what, bytes) => {
  const file = killed();
  writeFileSync(`${file}-wal`, Buffer.alloc(bytes, 0x5a));

  expect(damageOfLog(file)).toBeUndefined();
});

it('twin: a log with room for a commit and a header of nonsense is damage', () => {
  const file = killed();
  writeFileSync(`${file}-wal`, Buffer.alloc(HEADER_BYTES + FRAME_BYTES, 0x5a));

  expect(damageOfLog(file)).toBe('the header of its write-ahead log is damaged');
});

it.each([
  ['in its head', frame(2) + 1],
  ['in its page', frame(2) + 1_000],
  ['in the page of the last one', frame(3) + 1_000],
])('a bit that was changed %s is damage: a commit would be forgotten', (_where, at) => {
  const file = killed();
  change(`${file}-wal`, (log) => log.writeUInt8(log.readUInt8(at) ^ 1, at));

  expect(damageOfLog(file)).toBe(DAMAGED);
});

it('a last frame that was cut off between its two writes is none: nobody was told of its commit', () => {
  const file = killed();
  tearLastFrame(file);

  expect(damageOfLog(file)).toBeUndefined();
});

/** What an index may be like that says nothing for the frame. */
const OTHER_INDEXES = [
  [
    'counts it',
    (file: string) => change(`${file}-shm`, (index) => [16, 64].map((at) => index.writeUInt32LE(3, at))),
  ],
  ['is not there', (file: string) => rmSync(`${file}-shm`)],
  [
    'is of another log',
    (file: string) => change(`${file}-shm`, (index) => [32, 80].map((at) => index.fill(7, at, at + 8))),
  ],
  ['was being written', (file: string) => change(`${file}-shm`, (index) => index.writeUInt32LE(9, 8))],
  ['is cut off', (file: string) => writeFileSync(`${file}-shm`, Buffer.alloc(10))],
] as const satisfies readonly (readonly [string, (file: string) => void])[];

it.each(OTHER_INDEXES)('twin: the same frame is damage where the index %s', (_what, spoil) => {
  const file = killed();
  tearLastFrame(file);
  spoil(file);

  expect(damageOfLog(file)).toBe(DAMAGED);
});

it('a commit behind a frame that was cut off is damage, whatever the index says', () => {
  const file = killed();
  tearLastFrame(file);
  change(`${file}-wal`, (log) => log.fill(0x5a, frame(2) + FRAME_HEADER_BYTES, frame(3)));
  change(`${file}-shm`, (index) => [16, 64].map((at) => index.writeUInt32LE(1, at)));

  expect(damageOfLog(file)).toBe(DAMAGED);
});

it.each([
  ['not what has changed in it', frame(3) + 1_000, undefined],
  ['what has changed in the one before', frame(2) + 1_000, DAMAGED],
])('where the last commit may be torn, damage is %s', (_what, at, damage) => {
  const file = killed();
  change(`${file}-wal`, (log) => log.writeUInt8(log.readUInt8(at) ^ 1, at));

  expect(damageOfLog(file, { lastMayBeTorn: true })).toBe(damage);
});

it('a last commit of many frames may be torn in any of them', () => {
  const file = killed(3 * MIB);
  const log = readFileSync(`${file}-wal`);
  let number = 1;
  while (log.readUInt32BE(frame(number) + 4) === 0) number += 1;
  writeFileSync(`${file}-wal`, log.subarray(0, frame(number + 1)).fill(0, frame(3), frame(4)));

  expect(number).toBeGreaterThan(700);
  expect([damageOfLog(file), damageOfLog(file, { lastMayBeTorn: true })]).toEqual([DAMAGED, undefined]);
});

it('in a log of several MiB a bit that was changed is found wherever it is, and nothing is if none was', () => {
  const file = killed(3 * MIB);
  const whole = damageOfLog(file);
  const found = [100, 400, 700].map((number) => {
    const at = frame(number) + 1_000;
    const flip = () => change(`${file}-wal`, (log) => log.writeUInt8(log.readUInt8(at) ^ 1, at));
    flip();
    const damage = damageOfLog(file);
    flip();
    return damage;
  });

  expect(whole).toBeUndefined();
  expect(found).toEqual([DAMAGED, DAMAGED, DAMAGED]);
});

it('a log is read a little at a time, however large a reader has let it grow', () => {
  const file = killed(3 * MIB);

  damageOfLog(file);

  expect(asked.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(3 * MIB);
  expect(Math.max(...asked)).toBeLessThanOrEqual(MIB);
});
