/**
 * The thread that looks for what is new, so that no disk holds up who tells of it. It remembers what it has seen: of
 * each file a look is the difference to the one before, and another file in its place is begun anew.
 */

import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer, ThreadQuestion } from '../../base/asked-thread.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import { type ArrivalsLook, openArrivals } from './arrivals.ts';
import { openTransitions, type TransitionsLook } from './transitions.ts';

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

interface Source<Look> {
  look(): Look;
  close(): void;
}

/** Which file stands under the name now. */
function placeOf(file: string): string {
  const { dev, ino } = statSync(file);
  return `${dev}:${ino}`;
}

function watched<Look>(file: string | undefined, open: (file: string) => Source<Look>) {
  let opened: { readonly source: Source<Look>; readonly place: string } | undefined;

  function close(): void {
    opened?.source.close();
    opened = undefined;
  }

  return {
    look(): Look | { readonly absent: string } {
      if (file === undefined) return { absent: 'it is not in a file' };
      try {
        const place = placeOf(file);
        if (opened !== undefined && opened.place !== place) close();
        opened ??= { source: open(file), place };
        return opened.source.look();
      } catch (error) {
        close();
        return { absent: `${codeOf(error) ?? 'unreadable'}: ${messageOf(error)}` };
      }
    },
    close,
  };
}

const files = workerData as EventFiles;
const [store, outbox] = [watched(files.store, openArrivals), watched(files.outbox, openTransitions)];

parentPort?.on('message', (question: ThreadQuestion | 'close') => {
  if (question !== 'close') {
    const result: EventLook = { store: store.look(), outbox: outbox.look() };
    const answer: ThreadAnswer<never> = { id: question.id, result };
    return parentPort?.postMessage(answer);
  }
  store.close();
  outbox.close();
  parentPort?.close();
});
