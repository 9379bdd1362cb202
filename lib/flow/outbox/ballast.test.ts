import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createBallast } from './ballast.ts';

const MIB = 1_048_576;
const full = () => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });

test('the ballast is made in steps and takes real room', () => {
  const file = join(tempDir(), 'ballast');
  const ballast = createBallast({ file, diskReserveBytes: 0, bytes: 2 * MIB });

  ballast.grow();
  const afterOne = statSync(file).size;
  for (let i = 0; i < 5; i += 1) ballast.grow();

  expect(afterOne).toBe(MIB);
  expect(statSync(file).size).toBe(2 * MIB);
  expect(statSync(file).blocks * 512).toBeGreaterThanOrEqual(2 * MIB);
  expect(readFileSync(file).every((byte) => byte === 0)).toBe(true);
});

test('no ballast is made where it would reach into the reserve', () => {
  const file = join(tempDir(), 'ballast');

  createBallast({ file, diskReserveBytes: Number.MAX_SAFE_INTEGER }).grow();

  expect(existsSync(file)).toBe(false);
});

test('a full disk spends the ballast and the write is made again, once', () => {
  const file = join(tempDir(), 'ballast');
  const ballast = createBallast({ file, diskReserveBytes: 0, bytes: MIB });
  ballast.grow();
  let writes = 0;
  const write = () => {
    writes += 1;
    if (existsSync(file)) throw full();
    return 'written';
  };

  expect(ballast.spendIfFull(write)).toBe('written');
  expect(writes).toBe(2);
});

test('without ballast a full disk is reported at once, and any other failure keeps the ballast', () => {
  const file = join(tempDir(), 'ballast');
  const ballast = createBallast({ file, diskReserveBytes: 0, bytes: MIB });
  const fails = (error: Error) => () => {
    throw error;
  };

  expect(() => ballast.spendIfFull(fails(full()))).toThrow('disk is full');
  ballast.grow();
  expect(() => ballast.spendIfFull(fails(new Error('another reason')))).toThrow('another reason');
  expect(existsSync(file)).toBe(true);
});
