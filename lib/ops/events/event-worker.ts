/**
 * The thread that looks for what is new, so that no disk holds up who tells of it. It remembers what it has seen: of
 * each file a look is the difference to the one before that it could read, and another file in its place is begun anew.
 */

import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer, ThreadQuestion } from '../../base/asked-thread.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { placeOf } from '../../base/file-place.ts';
import { type ArrivalsLook, followArrivals } from './arrivals.ts';
import { followTransitions, type TransitionsLook } from './transitions.ts';

export interface EventFiles {
  /** `undefined`: what is stored lies elsewhere. */
  readonly store: string | undefined;
  readonly outbox: string;
}

/** What a look at each file gave; why it gave nothing, where there is none or it cannot be read. */
export interface EventLook {
  readonly store: ArrivalsLook | { readonly absent: string };
  readonly outbox: TransitionsLook | { readonly absent: string };
}

function watched<Look>(file: string | undefined, follow: (file: string, clock: Clock) => () => Look) {
  let followed: { readonly look: () => Look; readonly place: string } | undefined;

  return (): Look | { readonly absent: string } => {
    if (file === undefined) return { absent: 'it is not in a file' };
    const place = placeOf(file);
    if (followed?.place !== place) followed = { look: follow(file, systemClock), place };
    try {
      return followed.look();
    } catch (error) {
      return { absent: `${codeOf(error) ?? 'unreadable'}: ${messageOf(error)}` };
    }
  };
}

const files = workerData as EventFiles;
const store = watched(files.store, followArrivals);
const outbox = watched(files.outbox, followTransitions);

parentPort?.on('message', (question: ThreadQuestion | 'close') => {
  if (question === 'close') return parentPort?.close();
  const result: EventLook = { store: store(), outbox: outbox() };
  const answer: ThreadAnswer<never> = { id: question.id, result };
  parentPort?.postMessage(answer);
});
