/**
 * The time of a whole simulated world: nothing happens but what somebody has slept for, in the order of its moments,
 * and each sleeper acts to its end before the next wakes. So one seed gives one history.
 *
 * Work that Node does behind our back (a request handed to a server in this process) must be announced with `during`:
 * time stands still until it is over.
 */

export interface VirtualTime {
  /** Milliseconds since the world began; everybody's clock is made from it. */
  nowMs(): number;
  /** Calls `wake` in `ms`; the function that is returned calls it off. */
  after(ms: number, wake: () => void): () => void;
  /** Time stands still until `work` has settled. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Moves on to that moment; `onStep` is called after each sleeper has acted. */
  runUntil(untilMs: number, onStep: () => void): Promise<void>;
  /** How often somebody has woken. */
  steps(): number;
}

interface Sleeper {
  readonly dueMs: number;
  readonly order: number;
  wake: (() => void) | undefined;
}

/** What a monotonic clock counts in, with room to spare. */
const TICK_MS = 0.001;
/** Real turns of the event loop in which one moment must be over. Work that needs more will never end. */
const TURNS_MAX = 100_000;

export function createVirtualTime(): VirtualTime {
  const sleepers: Sleeper[] = [];
  let [now, order, pending, steps] = [0, 0, 0, 0];

  /** In the order of their moments, and of those at one moment in the order in which they fell asleep. */
  function insert(sleeper: Sleeper): void {
    let [low, high] = [0, sleepers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      // The soonest is last, where it is cheap to take.
      if ((sleepers[middle]?.dueMs ?? 0) > sleeper.dueMs) low = middle + 1;
      else high = middle;
    }
    sleepers.splice(low, 0, sleeper);
  }

  async function settle(): Promise<void> {
    let turns = 0;
    do {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
      if (turns > TURNS_MAX) throw new Error(`something at ${now} ms never ends`);
    } while (pending > 0);
  }

  return {
    nowMs: () => now,
    steps: () => steps,
    after(ms, wake) {
      order += 1;
      // A sum of fractions may fall short by less than a clock can tell: whoever sleeps, wakes later.
      const sleeper: Sleeper = { dueMs: now + (ms > 0 ? Math.max(ms, TICK_MS) : 0), order, wake };
      insert(sleeper);
      return () => {
        sleeper.wake = undefined;
      };
    },
    async during(work) {
      pending += 1;
      try {
        return await work;
      } finally {
        pending -= 1;
      }
    },
    async runUntil(untilMs, onStep) {
      await settle();
      for (;;) {
        const next = sleepers.at(-1);
        if (next === undefined || next.dueMs > untilMs) break;
        sleepers.pop();
        if (next.wake === undefined) continue;
        now = Math.max(now, next.dueMs);
        steps += 1;
        next.wake();
        await settle();
        onStep();
      }
      now = Math.max(now, untilMs);
    },
  };
}
