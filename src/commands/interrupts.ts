/** What has to be cleared up if a signal ends the program: a part of a file, a child, the look of a terminal. */

export interface Interrupts {
  /** Returns what takes it back. */
  on(this: void, clearUp: () => void): () => void;
  /** The latest first. One that fails keeps no other from being done. */
  clearUp(): void;
}

export function createInterrupts(): Interrupts {
  const all = new Set<() => void>();
  return {
    on(clearUp) {
      all.add(clearUp);
      return () => void all.delete(clearUp);
    },
    clearUp() {
      for (const one of [...all].reverse()) {
        all.delete(one);
        try {
          one();
        } catch {
          // The program is about to die of a signal: there is nobody left to tell.
        }
      }
    },
  };
}
