/**
 * A clock that moves only when it is told to, and then from sleeper to sleeper in order, so that a
 * day of loops runs in a second and always in the same way.
 */

import type { Clock } from '../../lib/base/clock.ts';

interface Sleeper {
  readonly name: string;
  readonly dueMono: number;
  readonly order: number;
  wake(): void;
}

export interface VirtualClock extends Clock {
  /** Moves time forward, waking every sleeper at its own moment and letting it act before the next. */
  advance(ms: number): Promise<void>;

  /** Steps the wall clock without monotonic time passing, as NTP or a person does. */
  stepWall(ms: number): void;

  /** Who is asleep, soonest first: `name@dueMono`. */
  sleepers(): string[];
}

/** 2026-01-15 16:09:35 UTC: the moment of the incident. */
export const INCIDENT_AT = Date.UTC(2026, 0, 15, 16, 9, 35);

export function createVirtualClock(options: { wallMs?: number; monotonicMs?: number } = {}): VirtualClock {
  let mono = options.monotonicMs ?? 0;
  let wallOffset = (options.wallMs ?? INCIDENT_AT) - mono;
  let order = 0;
  let sleepers: Sleeper[] = [];

  const inOrder = () => sleepers.sort((a, b) => a.dueMono - b.dueMono || a.order - b.order);

  return {
    wallMs: () => Math.round(mono + wallOffset),
    monotonicMs: () => mono,
    sleep: (name, ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        order += 1;
        const sleeper: Sleeper = { name, dueMono: mono + Math.max(0, ms), order, wake };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    async advance(ms) {
      const target = mono + ms;
      await settle();
      for (;;) {
        const next = inOrder()[0];
        if (next === undefined || next.dueMono > target) break;
        mono = Math.max(mono, next.dueMono);
        next.wake();
        await settle();
      }
      mono = target;
    },
    stepWall(ms) {
      wallOffset += ms;
    },
    sleepers: () => inOrder().map((one) => `${one.name}@${one.dueMono}`),
  };
}

/** Lets everything that is ready run: promise chains of any length, and callbacks that chain onto them. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
