import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createMetricsFile, metricsPath, readMetricsFile } from './metrics-file.ts';

const TEXT = '# HELP a A\n# TYPE a gauge\na 1\n';

function setUp() {
  const dir = tempDir();
  let nowMono = 1_000;
  const clock = { monotonicMs: () => nowMono };
  const options = { dir, program: 'sensor-main', clock };
  const file = createMetricsFile(options);
  return {
    dir,
    file,
    path: metricsPath(dir, 'sensor-main'),
    read: () => readMetricsFile(options),
    at(mono: number) {
      nowMono = mono;
    },
  };
}

it('what was written is read with its age, and others may read it, too', () => {
  const { file, read, at, path } = setUp();

  file.write(TEXT);
  at(3_500);

  expect(read()).toMatchObject({ ageMs: 2_500, families: [{ name: 'a', samples: [{ value: 1 }] }] });
  expect(statSync(path).mode & 0o777).toBe(0o644);
});

it('it is replaced whole, and nothing else is left', () => {
  const { dir, file, path } = setUp();

  file.write(TEXT);
  file.write(TEXT.replace('a 1', 'a 2'));

  expect(readFileSync(path, 'utf8')).toContain('a 2');
  expect(readdirSync(dir)).toEqual(['sensor-main.prom']);
});

it('after it was removed nothing brings it back: the text is made beside the beat', () => {
  const { dir, file } = setUp();
  file.write(TEXT);

  file.remove();
  file.write(TEXT);

  expect(readdirSync(dir)).toEqual([]);
});

it('a runtime directory that was cleared by hand is made again', () => {
  const { dir, file, read } = setUp();
  rmSync(dir, { recursive: true });

  file.write(TEXT);

  expect(read()).toBeDefined();
});

it.each([
  ['is missing', undefined],
  ['is of an earlier boot', `# written_mono_ms 99999999\n${TEXT}`],
  ['does not say when it was written', TEXT],
  ['is garbage', '# written_mono_ms 1\nsome words\n'],
  ['is empty', ''],
])('a file that %s is none', (_what, text) => {
  const { path, read } = setUp();
  if (text !== undefined) writeFileSync(path, text);

  expect(read()).toBeUndefined();
});

it('a directory in its place is none, either', () => {
  const { dir, read } = setUp();
  mkdirSync(join(dir, 'sensor-main.prom'));

  expect(read()).toBeUndefined();
});
