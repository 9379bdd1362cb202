import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { createVirtualClock, settle } from '../../test/support/virtual-clock.ts';
import { withDeadline } from './deadline.ts';

test('work that ends in time gives its value and leaves no timer behind', async () => {
  const clock = createVirtualClock();

  const timed = await withDeadline(clock, 'job', 1_000, async () => 'done');

  expect(timed).toEqual({ late: false, value: 'done' });
  await settle();
  expect(clock.sleepers()).toEqual([]);
});

test('work that never settles is late at the deadline, and is told to give up', async () => {
  const clock = createVirtualClock();
  let told = false;

  const timing = withDeadline(clock, 'job', 1_000, (signal) => {
    signal.addEventListener('abort', () => {
      told = true;
    });
    return new Promise(() => {});
  });
  await clock.advance(1_000);

  expect(await timing).toEqual({ late: true });
  expect(told).toBe(true);
});

test('work that throws before its first await is a rejection like any other', async () => {
  const clock = createVirtualClock();

  const timing = withDeadline(clock, 'job', 1_000, () => {
    throw new Error('at once');
  });

  await expect(timing).rejects.toThrow('at once');
});

test('a failure after the deadline is nobody’s news and no unhandled rejection', async () => {
  const clock = createVirtualClock();
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);

  const timing = withDeadline(clock, 'job', 1_000, async () => {
    await clock.sleep('slow work', 2_000);
    throw new Error('too late to matter');
  });
  await clock.advance(3_000);
  await settle();
  process.off('unhandledRejection', note);

  expect(await timing).toEqual({ late: true });
  expect(unhandled).toEqual([]);
});

test('stopping brings the deadline forward and leaves no listener behind', async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();

  const timing = withDeadline(clock, 'job', 60_000, () => new Promise(() => {}), stop.signal);
  await settle();
  stop.abort();

  expect(await timing).toEqual({ late: true });
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
});
