/** The thread that looks, so that no disk, however dead, holds up who watches. It does one look after the other. */

import { parentPort } from 'node:worker_threads';
import type { ThreadAnswer, ThreadQuestion } from '../../base/asked-thread.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { LookFailure } from './look-thread.ts';
import { LOOKS, type LookName } from './looks.ts';

function answerTo({ id, name, args }: ThreadQuestion): ThreadAnswer<LookFailure> {
  const looks: Readonly<Record<LookName, (...given: never[]) => unknown>> = LOOKS;
  try {
    return { id, result: looks[name as LookName](...(args as never[])) };
  } catch (error) {
    return { id, error: { code: codeOf(error), message: messageOf(error) } };
  }
}

parentPort?.on('message', (question: ThreadQuestion | 'close') => {
  if (question === 'close') return parentPort?.close();
  parentPort?.postMessage(answerTo(question));
});
