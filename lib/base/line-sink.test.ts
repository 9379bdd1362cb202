/**
 * The promise of the sink is about other processes: what happens to us while nobody reads. So the tests
 * write into real pipes, whose reading end the test holds and does not read.
 */

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createLineSink } from './line-sink.ts';

const dropReport = (lines: number) => `dropped ${lines}\n`;
const line = (n: number) => `${String(n).padStart(6, '0')} ${'x'.repeat(92)}\n`;

/** A pipe with 64 KiB of room, its reading end in our hands. */
function pipe(): { fd: number; read(): string } {
  const fifo = join(tempDir(), 'pipe');
  execFileSync('/usr/bin/mkfifo', [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(fifo, constants.O_WRONLY);
  onTestFinished(() => [reader, fd].forEach(closeQuietly));
  return { fd, read: () => readAll(reader) };
}

function readAll(fd: number): string {
  const buffer = Buffer.alloc(1_048_576);
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer));
  } catch {
    return ''; // Nothing there now.
  }
}

function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The test has closed it itself.
  }
}

describe('a line sink', () => {
  it('writes at once while the reader keeps up, so that nothing is lost at an exit', () => {
    const { fd, read } = pipe();

    createLineSink({ fd, dropReport }).write('one\n');

    expect(read()).toBe('one\n');
  });

  it('writes to a file', () => {
    const file = join(tempDir(), 'log');
    const fd = openSync(file, 'a');

    createLineSink({ fd, dropReport }).write('one\n');

    expect(readFileSync(file, 'utf8')).toBe('one\n');
    closeSync(fd);
  });

  it('neither blocks nor grows when nobody reads: it drops, counts, and reports once it flows again', async () => {
    const { fd, read } = pipe();
    const sink = createLineSink({ fd, dropReport, bytesMax: 100_000 });

    for (let n = 0; n < 10_000; n += 1) sink.write(line(n)); // A blocking write would end the test here.
    const droppedWhileStalled = sink.dropped;
    let text = '';
    for (let turn = 0; turn < 10; turn += 1) {
      text += read();
      await sink.flush(0);
    }
    const lines = text.trimEnd().split('\n');

    // 64 KiB in the pipe and 100,000 bytes in the queue, at 100 bytes a line.
    expect(droppedWhileStalled).toBeGreaterThan(8_000);
    expect(lines.at(-1)).toBe(`dropped ${droppedWhileStalled}`);
    expect(lines.slice(0, -1)).toEqual(
      Array.from({ length: 10_000 - droppedWhileStalled }, (_, n) => line(n).trimEnd()),
    );
    sink.write('after\n');
    expect(read()).toBe('after\n');
  });

  it('waits for a reader that comes back, and not longer than asked for one that does not', async () => {
    const { fd, read } = pipe();
    const sink = createLineSink({ fd, dropReport });
    for (let n = 0; n < 2_000; n += 1) sink.write(line(n));

    await sink.flush(1); // Nobody reads: it must come back all the same.
    let text = read();
    const flushed = sink.flush(10_000);
    const done = flushed.then(() => true);
    while (!(await Promise.race([done, new Promise((resolve) => setImmediate(resolve, false))])))
      text += read();

    expect((text + read()).length).toBe(2_000 * line(0).length);
    expect(sink.dropped).toBe(0);
  });

  it('goes on quietly when the reader has left', () => {
    const fifo = join(tempDir(), 'pipe');
    execFileSync('/usr/bin/mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const fd = openSync(fifo, constants.O_WRONLY);
    onTestFinished(() => closeQuietly(fd));
    const sink = createLineSink({ fd, dropReport });

    closeSync(reader);
    sink.write('one\n');
    sink.write('two\n');

    expect(sink.dropped).toBe(2);
  });

  it('goes on quietly when the descriptor is closed', () => {
    const sink = createLineSink({ fd: 987_654, dropReport });

    sink.write('one\n');

    expect(sink.dropped).toBe(1);
  });
});
