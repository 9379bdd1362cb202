/**
 * Lines to a file descriptor, bounded and never blocking. A reader that stalls (a full journal socket, a
 * pipe to a paused pager) must neither stop the event loop, as a blocking write does, nor fill the
 * memory, as a stream does, nor keep us from exiting, as a worker thread stuck in write() does.
 *
 * So the descriptor is made non-blocking and written at once: while the reader keeps up, nothing ever
 * waits and even the last line before an exit is out. What the reader does not take waits in a bounded
 * queue; what does not fit there is dropped, counted, and reported in one line when it flows again.
 */

import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type Clock, systemClock } from './clock.ts';
import { codeOf } from './errors.ts';

export interface LineSink {
  /** Takes one line with its line break, or drops it. Never throws. */
  write(line: string): void;

  /** Resolves when nothing waits any more, or after `ms`, whichever is first. */
  flush(ms: number): Promise<void>;

  /** Lines dropped since the start. */
  readonly dropped: number;
}

export interface LineSinkOptions {
  readonly fd: number;
  /** The line that reports how many were dropped, with its line break. */
  readonly dropReport: (lines: number) => string;
  /** What may wait for the reader. */
  readonly bytesMax?: number;
  /** A descriptor is real, and so is the time of who reads it. */
  readonly clock?: Clock;
}

/** Some thousand lines: a burst of debug lines, or hours of the usual ones. Small next to the process itself. */
export const BYTES_MAX = 1_048_576;

/** A clean end waits this long for the reader: long for a reader that lives, short next to any stop timeout. */
export const FLUSH_MS = 1_000;

/** One write: a quarter of a pipe's usual capacity. */
const CHUNK_BYTES = 16_384;

/** How soon to offer a slow reader more: seldom enough to cost nothing, and 64 KiB each time is plenty. */
const RETRY_MS = 50;

export function createLineSink(options: LineSinkOptions): LineSink {
  const { dropReport, bytesMax = BYTES_MAX, clock = systemClock } = options;
  const fd = nonBlocking(options.fd);
  let queue: Buffer[] = [];
  let queuedBytes = 0;
  let droppedLines = 0;
  let unreported = 0;
  let gone = false;
  let retrying = false;

  function enqueue(line: string): void {
    const bytes = Buffer.from(line);
    queue.push(bytes);
    queuedBytes += bytes.length;
  }

  /** Writes until the queue is empty or the reader takes no more. */
  function drain(): void {
    while (queue.length > 0 && !gone) {
      const chunk = nextChunk(queue);
      const written = attempt(Buffer.concat(queue.slice(0, chunk)));
      if (written === undefined) break;
      queue = withoutBytes(queue, written);
      queuedBytes -= written;
      reportDrops();
    }
    if (queue.length > 0 && !retrying) void retryLater();
  }

  async function retryLater(): Promise<void> {
    retrying = true;
    while (queue.length > 0) {
      await clock.sleep('log', RETRY_MS);
      drain();
    }
    retrying = false;
  }

  /** Half empty, not empty: under a lasting overload the count comes now and then, not with each chunk. */
  function reportDrops(): void {
    if (unreported === 0 || queuedBytes > bytesMax / 2) return;
    enqueue(dropReport(unreported));
    unreported = 0;
  }

  /** How many bytes were taken; `undefined` if the reader takes none now. */
  function attempt(chunk: Buffer): number | undefined {
    try {
      return writeSync(fd, chunk);
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') return undefined;
      // A reader that has left (EPIPE) does not come back; a full disk may have room again.
      gone = codeOf(error) === 'EPIPE';
      droppedLines += queue.length;
      unreported += queue.length;
      queue = [];
      queuedBytes = 0;
      return undefined;
    }
  }

  return {
    write(line) {
      if (gone || queuedBytes + Buffer.byteLength(line) > bytesMax) {
        droppedLines += 1;
        unreported += 1;
        return;
      }
      enqueue(line);
      // What waits goes first, and the reader takes none of it now.
      if (queue.length === 1) drain();
    },
    async flush(ms) {
      const untilMono = clock.monotonicMs() + ms;
      drain();
      while (queue.length > 0 && clock.monotonicMs() < untilMono) {
        await clock.sleep('log flush', RETRY_MS);
        drain();
      }
    },
    get dropped() {
      return droppedLines;
    },
  };
}

/** How many entries of the queue make one write: at least one. */
function nextChunk(queue: readonly Buffer[]): number {
  let bytes = 0;
  const over = queue.findIndex((line) => {
    bytes += line.length;
    return bytes > CHUNK_BYTES;
  });
  return over === -1 ? queue.length : Math.max(1, over);
}

/** What is left after so many bytes; a line written in part stays as its rest, so that no line is torn. */
function withoutBytes(queue: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  let whole = 0;
  while (whole < queue.length && left >= (queue[whole]?.length ?? 0)) {
    left -= queue[whole]?.length ?? 0;
    whole += 1;
  }
  const rest = queue.slice(whole);
  const first = rest[0];
  if (first !== undefined && left > 0) rest[0] = first.subarray(left);
  return rest;
}

/** Sockets made non-blocking. Held for ever: one that is collected would close the descriptor under us. */
const held = new Set<Socket>();

/**
 * A descriptor for the same reader that does not block. A pipe or terminal is opened anew, because the
 * flag belongs to the open file, which the shell and its other children share. A socket cannot be opened
 * anew, nor a pipe that another user made; wrapping one sets the flag. A file does not stall.
 */
function nonBlocking(fd: number): number {
  try {
    const stat = fstatSync(fd);
    if (stat.isSocket()) return wrapped(fd);
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return fd;
    return reopened(fd) ?? (stat.isFIFO() ? wrapped(fd) : fd);
  } catch {
    // A closed descriptor: each write will fail, and be counted.
    return fd;
  }
}

function reopened(fd: number): number | undefined {
  try {
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return openSync(`/proc/self/fd/${fd}`, flags);
  } catch {
    return undefined;
  }
}

function wrapped(fd: number): number {
  held.add(new Socket({ fd, readable: false, writable: true }).unref());
  return fd;
}
