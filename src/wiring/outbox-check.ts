/**
 * The check of an outbox file that an unclean stop has left, before it is opened. A large one is read by a process
 * of its own: it takes minutes on a slow card, in which the program must obey a stop and tell the supervisor
 * that it is alive. Where no process can be had, the opening checks the file itself.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../lib/base/clock.ts';
import { bytesToCheck, CHECKED_WHOLE } from '../../lib/flow/outbox/quarantine.ts';
import type { Supervisor } from '../../lib/ops/sd-notify.ts';

export interface OutboxCheckOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly supervisor: Pick<Supervisor, 'extendStart'>;
  /** A stop has been asked for. */
  readonly stopping: AbortSignal;
}

/** Below this a check is over sooner than another process has started on a small machine. */
const LARGE_BYTES = 16 * 1_048_576;
const EXTEND_EVERY_MS = 10_000;
/** A beat may be late on a machine that has other work. */
const EXTEND_BY_MS = 60_000;

const PROGRAM = fileURLToPath(new URL('../check-database.js', import.meta.url));

/**
 * What the check finds, `ok` if nothing; `undefined` if there is no need for one, or it has to be done by who opens
 * the file. Rejects with the reason of `stopping`.
 */
export async function checkOutbox(options: OutboxCheckOptions): Promise<string | undefined> {
  const { file, clock, supervisor, stopping } = options;
  if (bytesToCheck(file) < LARGE_BYTES) return undefined;
  const over = new AbortController();
  const keepPatient = async () => {
    while (!over.signal.aborted) {
      supervisor.extendStart(EXTEND_BY_MS);
      await clock.sleep('outbox check', EXTEND_EVERY_MS, over.signal);
    }
  };
  const patient = keepPatient();
  try {
    return await outputOf([PROGRAM, file, ...CHECKED_WHOLE], stopping);
  } finally {
    over.abort();
    await patient;
    stopping.throwIfAborted();
  }
}

/** `undefined` if it did not end as it should. */
function outputOf(args: readonly string[], stopping: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const kill = () => child.kill('SIGKILL');
    stopping.addEventListener('abort', kill);
    process.once('exit', kill);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const settle = (answer: string | undefined) => {
      stopping.removeEventListener('abort', kill);
      process.removeListener('exit', kill);
      resolve(answer);
    };
    child.once('error', () => settle(undefined));
    child.once('close', (code) => settle(code === 0 && text !== '' ? text : undefined));
    if (stopping.aborted) kill();
  });
}
