/**
 * The thread that reads the store, so that no disk, however slow, holds up who answers. It does one look after
 * the other, opens the file when it is first asked for, and again whenever another file stands in its place: a
 * store that is missing today may have been made, restored or brought up to date tomorrow.
 */

import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer, ThreadQuestion } from '../../base/asked-thread.ts';
import { codeOf } from '../../base/errors.ts';
import { openStoreLooks, type SqliteLooks } from '../../flow/write-api/store/sqlite-looks.ts';
import type { LookName } from '../../flow/write-api/store/store-looks.ts';
import { failureOf, type ThreadFailure } from './thread-failure.ts';

type Answer = ThreadAnswer<ThreadFailure>;

let opened: { readonly looks: SqliteLooks; readonly place: string } | undefined;

/** Which file stands under the name now. */
function placeOf(file: string): string {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch (error) {
    return codeOf(error) ?? 'unknown';
  }
}

function looksOf(file: string): SqliteLooks {
  const place = placeOf(file);
  if (opened !== undefined && opened.place !== place) close();
  opened ??= { looks: openStoreLooks(file), place };
  return opened.looks;
}

function close(): void {
  opened?.looks.close();
  opened = undefined;
}

function answerTo(file: string, { id, name, args }: ThreadQuestion): Answer {
  try {
    const looks = looksOf(file) as unknown as Readonly<
      Record<LookName, (...args: readonly unknown[]) => unknown>
    >;
    return { id, result: looks[name as LookName](...args) };
  } catch (error) {
    // What cannot be answered now may be by another connection: a file that was damaged, a schema that grew.
    close();
    return { id, error: failureOf(error) };
  }
}

const { file } = workerData as { readonly file: string };
parentPort?.on('message', (request: ThreadQuestion | 'close') => {
  if (request !== 'close') return parentPort?.postMessage(answerTo(file, request));
  close();
  parentPort?.close();
});
