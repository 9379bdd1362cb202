/**
 * Who may come in. Requests that wait for the store, and the bytes of all bodies that are here or on their way, are
 * bounded together: beyond that a sender is told to come back in a moment, which costs nothing and harms nobody,
 * because it still has its readings. The reader of this machine has places of its own, so that others who are busy
 * cannot keep its rounds out.
 */

import { HttpProblem } from '../../base/http/problem.ts';
import type { Random } from '../../base/random.ts';

export interface AdmissionLimits {
  /** Requests, whole in memory, that wait for the store or are in it. */
  readonly waitingMax: number;
  /** Of the bodies of all of them, and of those that are still arriving. */
  readonly heldBytesMax: number;
  /** Requests of the local reader beyond `waitingMax`. */
  readonly reservedRequests: number;
  /** Bytes of the local reader beyond `heldBytesMax`. */
  readonly reservedBytes: number;
}

/** The place of one request, from its headers to its answer. */
export interface Seat {
  /** So many bytes more are in memory for it. Throws `overloaded` if there is no room for them. */
  hold(bytes: number): void;
  /** It is whole, and waits for the store from now on. Throws `overloaded` if too many do. */
  wait(): void;
  /** All of it is free again. Harmless to repeat. */
  leave(): void;
}

export interface Admission {
  /** A seat for a request whose headers have come. Throws `overloaded` if it could not wait for the store now. */
  enter(isLocalReader: boolean): Seat;
}

/** Within so many seconds those who were sent away return, spread by chance: not all in the same moment. */
const RETRY_AFTER_MAX_S = 4;

export function createAdmission(limits: AdmissionLimits, random: Pick<Random, 'fraction'>): Admission {
  let waiting = 0;
  let heldBytes = 0;

  function overloaded(what: string): HttpProblem {
    const retryAfterS = 1 + Math.floor(random.fraction() * RETRY_AFTER_MAX_S);
    return new HttpProblem('overloaded', what, { retryAfterS });
  }

  return {
    enter(isLocalReader) {
      const waitingMax = limits.waitingMax + (isLocalReader ? limits.reservedRequests : 0);
      const heldBytesMax = limits.heldBytesMax + (isLocalReader ? limits.reservedBytes : 0);
      let own = 0;
      let isWaiting = false;
      const refuseIfFull = () => {
        if (waiting >= waitingMax) throw overloaded(`${waiting} requests wait for the store already`);
      };
      refuseIfFull();
      return {
        hold(bytes) {
          if (heldBytes + bytes > heldBytesMax)
            throw overloaded(`the bodies of other requests hold ${heldBytes} bytes already`);
          heldBytes += bytes;
          own += bytes;
        },
        wait() {
          refuseIfFull();
          waiting += 1;
          isWaiting = true;
        },
        leave() {
          heldBytes -= own;
          own = 0;
          if (isWaiting) waiting -= 1;
          isWaiting = false;
        },
      };
    },
  };
}
