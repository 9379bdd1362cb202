/**
 * Tells when a process has nothing more to do until time passes: no call to a file or a socket was made through some
 * turns of its event loop, and no thread of its pool is at work. Both ends of every connection are in the
 * process, and what one sends to the other through the kernel is there at once.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultPage } from './fault-page.ts';

export interface Quiet {
  /** Rejects if the process does not come to rest within real seconds: it would turn for ever. */
  reached(): Promise<void>;
}

/** An answer takes a turn to be read, one to be understood, and one to have been acted upon. */
const CALM_TURNS = 4;
/** Real time; a run has thousands of turns and takes some tenths of a second. */
const RESTLESS_MAX_MS = 20_000;

/** Work of the pool of threads, or a connection under way. */
const BUSY =
  /^(?:FSReq|GetAddrInfoReq|TCPConnectWrap|PipeConnectWrap|WriteWrap|ShutdownWrap|Zlib|ProcessWrap)/;

export function createQuiet(page: Pick<FaultPage, 'calls'>): Quiet {
  return {
    async reached() {
      const startedMs = Date.now();
      let before = page.calls();
      for (let calm = 0; calm < CALM_TURNS; ) {
        const isBusy = process.getActiveResourcesInfo().some((name) => BUSY.test(name));
        if (isBusy) await sleep(1);
        else await new Promise((resolve) => setImmediate(resolve));
        const now = page.calls();
        calm = now === before && !isBusy ? calm + 1 : 0;
        before = now;
        if (Date.now() - startedMs > RESTLESS_MAX_MS) throw new Error('it does not come to rest');
      }
    },
  };
}
