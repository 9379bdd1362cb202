/**
 * Looks up the host names of destinations, each once at a time. The system's resolver blocks a thread of Node's pool
 * for as long as it waits, which nobody can call back: ten seconds and more where the network has no name server that
 * answers. An attempt that has met its deadline meanwhile is followed by the next, and that one must not take a second
 * thread for the same question. It waits for the answer to the first.
 */

import { lookup as askSystem, type LookupAddress, type LookupOptions } from 'node:dns';

type Answer = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** As `net.connect` wants it. */
export type Lookup = (host: string, options: LookupOptions, answer: Answer) => void;

export interface HostLookup {
  readonly lookup: Lookup;
  /** Whether the resolver owes an answer: the end of the process would wait for it. */
  isUnderWay(): boolean;
}

export function createHostLookup(ask: Lookup = askSystem): HostLookup {
  /** Who waits for an answer, by the question. One entry for each host and kind of address. */
  const waiting = new Map<string, Answer[]>();

  return {
    lookup(host, options, answer) {
      const question = JSON.stringify([host, options.family, options.hints, options.all, options.order]);
      const others = waiting.get(question);
      if (others !== undefined) return void others.push(answer);
      waiting.set(question, [answer]);
      ask(host, options, (...answered) => {
        const all = waiting.get(question) ?? [];
        waiting.delete(question);
        for (const one of all) one(...answered);
      });
    },
    isUnderWay: () => waiting.size > 0,
  };
}
