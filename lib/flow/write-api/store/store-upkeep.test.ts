import { describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../../../test/support/virtual-clock.ts';
import { StoreFault } from '../readings-store.ts';
import { createStoreUpkeep } from './store-upkeep.ts';

const pulse = { promise() {}, release() {} };

function upkept(maintain: (clock: VirtualClock) => Promise<boolean>) {
  const clock = createVirtualClock();
  const store = { maintain: () => maintain(clock) };
  const loop = createStoreUpkeep({ store, clock, pulse });
  const run = loop.run();
  return { clock, loop, run };
}

describe('the upkeep of a store', () => {
  it('goes on step by step while there is something to do, and then looks once a minute', async () => {
    const at: number[] = [];
    let left = 3;
    const { clock, loop, run } = upkept(async (now) => {
      at.push(now.monotonicMs());
      left -= 1;
      return left > 0;
    });

    await clock.advance(130_000);
    loop.stop();
    await run;

    expect(at).toEqual([0, 20, 40, 60_040, 120_040]);
  });

  it('rests three times as long as a step has taken', async () => {
    const at: number[] = [];
    const { clock, loop, run } = upkept(async (now) => {
      at.push(now.monotonicMs());
      await now.sleep('step', 1_000);
      return true;
    });

    await clock.advance(9_000);
    loop.stop();
    await clock.advance(2_000);
    await run;

    expect(at).toEqual([0, 4_000, 8_000]);
  });

  it('tries again after a fault of the store, and ends with a bug', async () => {
    let turn = 0;
    const { clock, run } = upkept(async () => {
      turn += 1;
      if (turn === 1) throw new StoreFault('store_busy', 'busy', undefined);
      throw new TypeError('a bug');
    });
    const ended = expect(run).rejects.toThrow('a bug');

    await clock.advance(60_000);

    await ended;
    expect(turn).toBe(2);
  });
});
