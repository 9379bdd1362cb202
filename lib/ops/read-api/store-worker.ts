/**
 * The thread that reads the store, so that no disk, however slow, holds up who answers. It does one look after
 * the other, opens the file when it is asked for (`store-file.ts`), and again whenever another file stands in its
 * place: a store that is missing today may have been made, restored or brought up to date tomorrow.
 */

import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer, ThreadQuestion } from '../../base/asked-thread.ts';
import { systemClock } from '../../base/clock.ts';
import type { LookName } from '../../flow/write-api/store/store-looks.ts';
import { createStoreFile } from './store-file.ts';
import { failureOf, type ThreadFailure } from './thread-failure.ts';

const { file } = workerData as { readonly file: string };
const store = createStoreFile(file, systemClock);

function answerTo({ id, name, args }: ThreadQuestion): ThreadAnswer<ThreadFailure> {
  try {
    const looks = store.looks() as unknown as Readonly<
      Record<LookName, (...args: readonly unknown[]) => unknown>
    >;
    return { id, result: looks[name as LookName](...args) };
  } catch (error) {
    // What cannot be answered now may be by another connection: a file that was damaged, a schema that grew.
    store.close();
    return { id, error: failureOf(error) };
  }
}

parentPort?.on('message', (request: ThreadQuestion | 'close') => {
  if (request !== 'close') return parentPort?.postMessage(answerTo(request));
  store.close();
  parentPort?.close();
});
