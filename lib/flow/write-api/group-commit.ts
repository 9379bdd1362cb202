/**
 * One commit for the requests of a moment. A commit costs a sync of the disk, milliseconds on a card, and costs the
 * same for one reading and for hundreds: requests that arrive together share one, and so do those that arrived
 * while the commit before was under way. Each still gets its own answer, and gets it after the commit.
 *
 * Nobody waits for company longer than a turn of the event loop, in which whatever has already arrived is read. A
 * request that cannot be stored takes nobody with it: after a failure each of its group is tried alone.
 */

import { BATCH_ROWS_MAX } from '../reading.ts';
import {
  type IncomingBatch,
  type IngestAnswer,
  type ReadingsStore,
  StoreFault,
  type StoreFaultCode,
} from './readings-store.ts';

/** A request that waits for its commit. There are as many as are admitted at once; see `admission.ts`. */
interface Member {
  readonly batches: readonly IncomingBatch[];
  readonly rows: number;
  resolve(answers: IngestAnswer[]): void;
  reject(error: unknown): void;
}

/** A group takes as long as the largest single request may: what waits behind it waits no longer than before. */
const GROUP_ROWS_MAX = BATCH_ROWS_MAX;

/** The same store, one transaction for many calls of `ingest`; everything else goes straight to it. */
export function createGroupCommit(store: ReadingsStore): ReadingsStore {
  let waiting: Member[] = [];
  let isCommitting = false;

  /** The first ones, in the order in which they came. */
  function takeGroup(): Member[] {
    let rows = 0;
    const end = waiting.findIndex((one, index) => {
      rows += one.rows;
      return index > 0 && rows > GROUP_ROWS_MAX;
    });
    const group = end < 0 ? waiting : waiting.slice(0, end);
    waiting = end < 0 ? [] : waiting.slice(end);
    return group;
  }

  async function commitWaiting(): Promise<void> {
    isCommitting = true;
    while (waiting.length > 0) {
      await nextTurn();
      await commit(takeGroup());
    }
    isCommitting = false;
  }

  async function commit(group: readonly Member[]): Promise<void> {
    try {
      const answers = await store.ingest(group.flatMap((one) => one.batches));
      let from = 0;
      for (const { batches, resolve } of group) {
        resolve(answers.slice(from, from + batches.length));
        from += batches.length;
      }
    } catch (error) {
      if (group.length > 1 && mayBeOneAlone(error)) await commitEach(group);
      else for (const { reject } of group) reject(error);
    }
  }

  async function commitEach(group: readonly Member[]): Promise<void> {
    for (const one of group) {
      await commit([one]);
      // Each may take long on a disk that fails, and others want to be heard meanwhile.
      await nextTurn();
    }
  }

  return {
    get ownStream() {
      return store.ownStream;
    },
    ingest: (batches) =>
      new Promise((resolve, reject) => {
        waiting.push({ batches, rows: sizeOf(batches), resolve, reject });
        if (!isCommitting) void commitWaiting();
      }),
    stream: (stream, from) => store.stream(stream, from),
    health: () => store.health(),
    close: () => store.close(),
  };
}

/**
 * A lock of somebody else's, a closed file and a server that is away are the same for each; anything else may be the
 * doing of one. Whether a server that went away has stored the group nobody knows, so nothing of it is sent twice.
 */
const SAME_FOR_EACH: ReadonlySet<StoreFaultCode> = new Set([
  'store_busy',
  'store_closed',
  'store_unreachable',
]);

function mayBeOneAlone(error: unknown): boolean {
  return !(error instanceof StoreFault && SAME_FOR_EACH.has(error.code));
}

function sizeOf(batches: readonly IncomingBatch[]): number {
  return batches.reduce(
    (sum, { rows, gone, corrections }) => sum + rows.length + gone.length + corrections.length,
    0,
  );
}

/** After everything that is ready to be read has been read. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
