/** SCD4x by its data sheet: idle, or measuring every 5 s and refusing what it refuses then (3.4, table 9). */

import type { FakeChip, Now } from './fake-chip.ts';
import { createFakeSensirion, type SensirionCommand } from './fake-sensirion.ts';

/** The words of 3.5.2: what the examples of the data sheet give for 500 ppm, 25 celsius and 37 percent. */
const SCD4X_EXAMPLE = [0x01f4, 0x6667, 0x5eb9] as const;

/** 3.4, table 9: 1 ms at most. The kernel's driver asks at once, and is answered. */
const READ_MS = 0.2;

/** The words of 3.9.2: 273 325 796 834 238. */
const SERIAL = [0xf896, 0x9f07, 0x3bbe];

const INTERVAL_MS = 5_000;

export function createFakeScd4x(
  now: Now,
  address = 0x62,
): FakeChip & { air: readonly [co2: number, temperature: number, humidity: number] } {
  /** When it began to measure; `undefined` while it is idle. */
  let since: number | undefined;
  /** How many of its measurements have been read, or were before what it has now. */
  let taken = 0;
  const done = () => (since === undefined ? 0 : Math.floor((now() - since) / INTERVAL_MS));

  const idle = (run: () => readonly number[]) => () => (since === undefined ? run() : undefined);
  const commands: Record<string, SensirionCommand> = {
    '21b1': {
      busyMs: 0,
      run: idle(() => {
        since = now();
        taken = 0;
        return [];
      }),
    },
    '3f86': {
      busyMs: 500,
      run: () => {
        since = undefined;
        return [];
      },
    },
    // 3.8.2: the example for "nothing new" is 0x8000.
    e4b8: { busyMs: READ_MS, run: () => [done() > taken ? 0x8006 : 0x8000] },
    ec05: {
      busyMs: READ_MS,
      run: () => {
        if (done() <= taken) return undefined;
        taken = done();
        return chip.air;
      },
    },
    '3682': { busyMs: READ_MS, run: idle(() => SERIAL) },
  };
  const poweredOn = () => {
    since = undefined;
  };
  const chip: ReturnType<typeof createFakeScd4x> = {
    ...createFakeSensirion({ address, now, commands, poweredOn }),
    air: SCD4X_EXAMPLE,
  };
  return chip;
}
