/**
 * One large answer of an HTTP server, into a file: nothing of it is held in memory, and what ends too early, is not
 * what its digest says, or does not fit on the disk is no file afterwards. An answer that is not 200 is text, and
 * bounded. Waiting is bounded three times: for the first byte, between two of them, and as a whole.
 */

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { dirname } from 'node:path';
import type { Clock } from '../clock.ts';
import { withDeadline } from '../deadline.ts';
import { messageOf } from '../errors.ts';

export interface DownloadOptions {
  /** Written over if it is there; not synced. */
  readonly target: string;
  readonly clock: Clock;
  /** Until the head of the answer, the connection included. */
  readonly headMaxMs: number;
  /** Between two parts of the body. */
  readonly idleMaxMs: number;
  readonly totalMaxMs: number;
  /** `total` is what the server has announced; 0: nothing. */
  readonly onProgress?: (bytes: number, total: number) => void;
}

export type Downloaded =
  | { readonly bytes: number }
  /** The beginning of an answer that is not 200. */
  | { readonly status: number; readonly retryAfter: string | undefined; readonly text: string };

/** It is the disk here that will not have it, not the network or the server. */
export class CannotKeep extends Error {}

const TEXT_BYTES_MAX = 65_536;

/** Rejects with `CannotKeep`, and with what the system says of the network; `target` is then gone. */
export async function download(url: string, options: DownloadOptions): Promise<Downloaded> {
  const { clock, target, totalMaxMs } = options;
  try {
    const done = await withDeadline(clock, 'download', totalMaxMs, async (late) => {
      const answer = await askFor(url, options.headMaxMs, late);
      if (answer.statusCode === 200) return save(answer, options);
      return {
        status: answer.statusCode ?? 0,
        retryAfter: answer.headers['retry-after'],
        text: await beginningOf(answer),
      };
    });
    if (!done.late) return done.value;
    throw new Error(`it was not here after ${Math.round(totalMaxMs / 1_000)} s`);
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}

function askFor(url: string, headMaxMs: number, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    const outgoing = request(url, { agent: false, signal, timeout: headMaxMs });
    outgoing.once('timeout', () => outgoing.destroy(silence(headMaxMs)));
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end();
  });
}

async function save(answer: IncomingMessage, options: DownloadOptions): Promise<Downloaded> {
  const { target, idleMaxMs, onProgress = () => {} } = options;
  const total = Number(answer.headers['content-length'] ?? 0);
  const wanted = digestOf(answer.headers['repr-digest']);
  const { socket } = answer;
  socket.setTimeout(idleMaxMs, () => answer.destroy(silence(idleMaxMs)));
  const hash = createHash('sha256');
  let bytes = 0;
  // As private as the data itself.
  const file = await kept(open(target, 'w', 0o640));
  try {
    await kept(refuseWithoutRoom(dirname(target), total));
    // Node takes an answer that ends before its length for an error.
    for await (const part of answer) {
      hash.update(part);
      await kept(file.writeFile(part));
      bytes += part.length;
      onProgress(bytes, total);
    }
  } finally {
    answer.destroy();
    await file.close();
  }
  const found = hash.digest('base64');
  if (wanted === undefined || wanted === found) return { bytes };
  throw new Error(`its SHA-256 is ${found}, and the server has said ${wanted}`);
}

async function refuseWithoutRoom(dir: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  if (bytes > free) throw new Error(`${bytes} bytes come, and ${dir} has room for ${free}`);
}

function kept<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw new CannotKeep(messageOf(error), { cause: error });
  });
}

/** RFC 9530, in base64; `undefined`: a proxy has left it out, or it is of another kind. */
function digestOf(header: string | string[] | undefined): string | undefined {
  return /(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]+):/.exec(String(header ?? ''))?.[1];
}

async function beginningOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of answer.setEncoding('utf8')) {
    text += part;
    if (text.length >= TEXT_BYTES_MAX) break;
  }
  return text;
}

function silence(ms: number): Error {
  return new Error(`nothing came for ${Math.round(ms / 1_000)} s`);
}
