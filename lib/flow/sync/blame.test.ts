/** What the other lanes' tests cannot bring about: as many readings set aside as there may be. */

import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import type { OutgoingBatch } from '../outbox/outbox.ts';
import { createBlame } from './blame.ts';

const MINUTE = 60_000;

const alone = (seq: number): OutgoingBatch => ({
  stream: 's',
  seqs: [[seq, seq]],
  rows: 1,
  body: '',
  oldestAt: 0,
  newestAt: 0,
});

test('a reading that fails again and again is given up although no other can be set aside', async () => {
  const clock = createVirtualClock();
  const buried: number[] = [];
  let stored = 0;
  const blame = createBlame({
    clock,
    delivery: {
      bury: (_stream, { seq }) => buried.push(seq) > 0,
      restLong: () => {},
      counters: () => ({ batches: 0, stored, duplicate: 0, buried: 0, failures: 0 }),
    },
  });
  for (let seq = 1; seq <= 17; seq += 1) blame.failedInside(alone(seq), 'drain', 'HTTP 500');
  expect(blame.aside()).toEqual([[1, 16]]);

  for (let tries = 2; tries <= 5; tries += 1) {
    stored += 1;
    await clock.advance(MINUTE);
    for (let due = blame.retryDue(clock.monotonicMs()); due !== undefined; ) {
      blame.failedInside(alone(due), 'retry', 'HTTP 500');
      const next = blame.retryDue(clock.monotonicMs());
      expect(next).not.toBe(due);
      due = next;
    }
  }

  expect(buried).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  expect(blame.aside()).toEqual([]);
});
