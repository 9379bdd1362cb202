/** A time that the lens overlooks would be hours old to the monitor, and a rule would be blamed for it. */

import { describe, expect, it } from 'vitest';
import { BEGAN_AT } from './machine.ts';
import { createSlowLens } from './slow-lens.ts';

describe('a lens that slows a world down', () => {
  const lens = createSlowLens(60);

  it('brings every moment closer to the beginning, however deep it lies and whatever it is called', () => {
    const seen = lens.look({
      oldestAt: BEGAN_AT + 6_000,
      destinations: [{ openedAt: [BEGAN_AT + 600, BEGAN_AT], outcome: { since_at: BEGAN_AT - 60 } }],
      shelf: [{ at: BEGAN_AT + 60 }],
    });

    expect(seen).toEqual({
      oldestAt: BEGAN_AT + 100,
      destinations: [{ openedAt: [BEGAN_AT + 10, BEGAN_AT], outcome: { since_at: BEGAN_AT - 1 } }],
      shelf: [{ at: BEGAN_AT + 1 }],
    });
  });

  it('shortens what has passed since the boot, and leaves counts and texts as they are', () => {
    const health = { generated_mono_ms: 120_000, pid: 60, status: 'well', lastOkAt: null, rows: 60 };

    expect(JSON.parse(lens.text(JSON.stringify(health)))).toEqual({ ...health, generated_mono_ms: 2_000 });
  });

  it('has a clock that goes with what is seen', async () => {
    const slept: number[] = [];
    const clock = lens.clock({
      wallMs: () => BEGAN_AT + 3_600_000,
      monotonicMs: () => 7_200_000,
      sleep: async (_name, ms) => void slept.push(ms),
    });

    await clock.sleep('look', 30_000);

    expect(clock.wallMs()).toBe(BEGAN_AT + 60_000);
    expect(clock.monotonicMs()).toBe(120_000);
    expect(slept).toEqual([1_800_000]);
  });
});
