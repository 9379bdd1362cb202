/**
 * What has happened lately, each under a number of its own: what clients read from, each at its own pace, so that a
 * slow one costs nothing but its place in it. The oldest leave when there are too many.
 */

import type { Happening } from './happening.ts';
import { HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX } from './limits.ts';

export interface Entry {
  readonly number: number;
  readonly happening: Happening;
  /** As it is sent: made once for all. */
  readonly text: string;
}

export interface History {
  add(happening: Happening): void;
  /** The number of the latest, 0 before the first. */
  latest(): number;
  /** Whether everything behind this number is still there. */
  reaches(number: number): boolean;
  /** The one behind this number; `undefined` at the end. */
  after(number: number): Entry | undefined;
  /** The number that an id stands for; `undefined` if it is not of this history, or too old. */
  place(id: string): number | undefined;
  idOf(number: number): string;
  readonly bytes: number;
}

/** `epoch`: a word of its own for each history, so that an id of another is recognised. */
export function createHistory(epoch: string): History {
  /** By number, the oldest first. */
  const entries = new Map<number, Entry>();
  let latest = 0;
  let bytes = 0;

  const idOf = (number: number) => `${epoch}-${number}`;
  const reaches = (number: number) => number <= latest && number >= latest - entries.size;

  function trim(): void {
    for (const [number, { text }] of entries) {
      if (entries.size <= HISTORY_EVENTS_MAX && bytes <= HISTORY_BYTES_MAX) return;
      entries.delete(number);
      bytes -= text.length;
    }
  }

  return {
    add(happening) {
      latest += 1;
      const { event, data } = happening;
      const text = `id: ${idOf(latest)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
      entries.set(latest, { number: latest, happening, text });
      bytes += text.length;
      trim();
    },
    latest: () => latest,
    reaches,
    after: (number) => entries.get(number + 1),
    place(id) {
      const digits = id.startsWith(`${epoch}-`) ? id.slice(epoch.length + 1) : '';
      const number = /^\d{1,15}$/.test(digits) ? Number(digits) : -1;
      return number >= 0 && reaches(number) ? number : undefined;
    },
    idOf,
    get bytes() {
      return bytes;
    },
  };
}
