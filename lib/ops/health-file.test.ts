import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createHealthFile } from './health-file.ts';

function setUp() {
  const dir = tempDir();
  const file = createHealthFile({
    dir,
    program: 'sensor-main',
    pid: 42,
    version: '1.2.3',
    wallMs: () => 1_768_493_375_000,
    monotonicMs: () => 12.7,
  });
  return { dir, file };
}

test('the file carries who wrote it, when, and the state', () => {
  const { dir, file } = setUp();

  file.write({ breaker: 'closed' });

  expect(JSON.parse(readFileSync(join(dir, 'sensor-main.health.json'), 'utf8'))).toEqual({
    format: 1,
    program: 'sensor-main',
    pid: 42,
    version: '1.2.3',
    generated_at: 1_768_493_375_000,
    generated_mono_ms: 13,
    breaker: 'closed',
  });
});

test('it is replaced as a whole and leaves nothing behind', () => {
  const { dir, file } = setUp();

  file.write({ n: 1 });
  file.write({ n: 2 });
  const written = readdirSync(dir);
  file.remove();
  file.remove();

  expect(written).toEqual(['sensor-main.health.json']);
  expect(readdirSync(dir)).toEqual([]);
});

test('it comes back after its directory was taken away', () => {
  const { dir, file } = setUp();
  file.write({ n: 1 });

  rmSync(dir, { recursive: true });
  file.write({ n: 2 });

  expect(readdirSync(dir)).toEqual(['sensor-main.health.json']);
});

test('it is not written through a link that somebody has put in its way', () => {
  const { dir, file } = setUp();
  const other = join(dir, 'other');
  writeFileSync(other, 'as it was');
  symlinkSync(other, join(dir, 'sensor-main.health.json.tmp'));

  file.write({ n: 1 });

  expect(readFileSync(other, 'utf8')).toBe('as it was');
  expect(JSON.parse(readFileSync(join(dir, 'sensor-main.health.json'), 'utf8'))).toMatchObject({ n: 1 });
});
