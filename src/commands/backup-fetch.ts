/**
 * A copy of the store from the monitor of another machine: `sensorctl backup create --from URL`. It comes beside its
 * place, is compared with its digest and read through as `backup verify` does, and gets its name only then. Whatever
 * goes wrong before that leaves the older copies as they are, and nothing of the new one.
 */

import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../../lib/base/clock.ts';
import { withDeadline } from '../../lib/base/deadline.ts';
import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import { askHttp } from '../../lib/base/http/ask.ts';
import { CannotKeep, type Downloaded, download } from '../../lib/base/http/download.ts';
import { printable } from '../../lib/base/printable.ts';
import { syncPath } from '../../lib/base/sync-path.ts';
import { API_IDENTITY_HEADER } from '../../lib/flow/reading.ts';
import { COPY_MAX_MS, DOWNLOAD_MAX_MS, IDLE_MAX_MS } from '../../lib/ops/read-api/limits.ts';
import { MONITOR } from '../wiring/names.ts';
import { type BackupKind, backupKinds, kindOf } from './backup-files.ts';
import { noteLongRead, verified } from './backup-verify.ts';
import { type CommandContext, usageError } from './command.ts';
import { createProgress } from './progress.ts';

/** A monitor on the same network answers in milliseconds; over a tunnel to a Pi that is busy in a second or two. */
const HEAD_MAX_MS = 15_000;

/** The monitor has answered by then that it took too long, and so it does for who takes it too slowly. */
const GRACE_MS = 60_000;

export interface RemoteStore {
  /** Of the copy; without the name and the password that may be in it. */
  readonly url: string;
  /**
   * What to call the directory of its copies: of two gateways neither may push out those of the other. Those behind
   * tunnels have one address, and need directories from whoever makes the tunnels.
   */
  readonly directory: string;
  /** With them. */
  readonly asked: string;
}

/** Throws `SGW_USAGE` for what is no address of a monitor. */
export function remoteStore(from: string): RemoteStore {
  let base: URL;
  try {
    base = new URL(from.endsWith('/') ? from : `${from}/`);
  } catch {
    throw notAnAddress(from);
  }
  if (!/^https?:$/.test(base.protocol) || base.search !== '' || base.hash !== '') throw notAnAddress(from);
  const asked = new URL('api/v1/backup', base);
  const shown = new URL(asked);
  shown.username = '';
  shown.password = '';
  const directory = `${base.host}${base.pathname}`
    .replace(/[^a-z0-9.]+/gi, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return { url: shown.href, directory, asked: asked.href };
}

function notAnAddress(from: string): GatewayError {
  return usageError(
    `--from: "${printable(from, 80)}" is not the address of a monitor, such as http://127.0.0.1:8471`,
    'backup create',
  );
}

/** Throws `SGW_MONITOR_UNREACHABLE` where none answers. Whether it has a store to copy only a copy can tell. */
export async function findRemote({ url, asked }: RemoteStore): Promise<void> {
  const answered = await withDeadline(systemClock, 'backup head', HEAD_MAX_MS, (signal) =>
    askHttp(asked, { headOnly: true, signal }),
  ).catch((error: unknown) => {
    throw unreachable(`${url} does not answer: ${messageOf(error)}`, error);
  });
  if (answered.late) throw unreachable(`${url} has not answered within ${HEAD_MAX_MS / 1_000} s`);
  const { status, headers } = answered.value;
  const identity = headers[API_IDENTITY_HEADER];
  if (identity?.startsWith(`${MONITOR}/`) !== true) {
    const who = identity === undefined ? `it answers ${status}` : `it is ${identity.split(/[\s;]/)[0]}`;
    throw unreachable(`${url} is not a ${MONITOR}: ${who}`);
  }
}

/**
 * `file` is whole, sound, and on the disk afterwards; or there is none. Throws `SGW_MONITOR_UNREACHABLE`,
 * `SGW_MONITOR_BUSY`, `SGW_PROGRAM_REFUSED`, `SGW_DATA_DIR_UNUSABLE`, `SGW_BACKUP_BAD` or `SGW_SCHEMA_TOO_NEW`.
 */
export async function fetchStore(context: CommandContext, remote: RemoteStore, file: string): Promise<void> {
  const { url, asked } = remote;
  await findRemote(remote);
  const part = `${file}.part`;
  // A file in the mode of a store at work gets company while it is read.
  const discard = () => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(part + suffix, { force: true });
  };
  const forget = context.onInterrupt?.(discard) ?? (() => {});
  if (!context.json) context.terminal.note(`${url} makes a copy first, and then sends it.`);
  const progress = createProgress(context);
  try {
    const done = await download(asked, {
      target: part,
      clock: systemClock,
      headMaxMs: COPY_MAX_MS + GRACE_MS,
      idleMaxMs: IDLE_MAX_MS,
      totalMaxMs: COPY_MAX_MS + DOWNLOAD_MAX_MS + GRACE_MS,
      onProgress: (bytes, total) => progress(bytes, total, 'bytes'),
    }).catch((error: unknown) => {
      throw failure(url, dirname(file), error);
    });
    if ('status' in done) throw refusal(url, done);
    noteLongRead(context, part);
    await verified(storeKind(await backupKinds(), part), part);
    syncPath(part);
    renameSync(part, file);
    syncPath(dirname(file));
  } finally {
    discard();
    forget();
  }
}

/** Throws `SGW_BACKUP_BAD` for what is a database of ours, and not a store. */
function storeKind(kinds: readonly BackupKind[], file: string): BackupKind {
  const kind = kindOf(file, kinds);
  if (kind.name === 'store') return kind;
  throw new GatewayError('SGW_BACKUP_BAD', `what came is not a store, but an ${kind.name}`);
}

function failure(url: string, dir: string, error: unknown): GatewayError {
  if (!(error instanceof CannotKeep)) return unreachable(`${url}: ${messageOf(error)}`, error);
  return new GatewayError('SGW_DATA_DIR_UNUSABLE', `the copy cannot be kept: ${messageOf(error)}`, {
    hint: `Make room in ${dir}, or name another directory: --output DIR.`,
    cause: error,
  });
}

type Refused = Exclude<Downloaded, { bytes: number }>;

/** In the words of the monitor, as far as it is one that speaks: a proxy answers in pages. */
function refusal(url: string, { status, retryAfter, text }: Refused): GatewayError {
  const { title = `it answers ${status}`, detail, hint } = problemIn(text);
  const message = printable(`${url}: ${title}${detail === undefined ? '' : `: ${detail}`}`);
  const again = retryAfter === undefined ? '' : ` It says that it can be asked again after ${retryAfter} s.`;
  const told = printable(`${hint ?? 'Look at the log of the monitor.'}${again}`);
  return new GatewayError(status === 503 ? 'SGW_MONITOR_BUSY' : 'SGW_PROGRAM_REFUSED', message, {
    hint: told,
  });
}

type Words = Partial<Record<'title' | 'detail' | 'hint', string>>;

function problemIn(text: string): Words {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}

function unreachable(message: string, cause?: unknown): GatewayError {
  return new GatewayError('SGW_MONITOR_UNREACHABLE', printable(message), {
    hint: 'Does it run there (systemctl status sensor-monitor), and does the tunnel or the proxy lead to monitor.port, 8471?',
    ...(cause === undefined ? {} : { cause }),
  });
}
