import { describe, expect, it } from 'vitest';
import {
  ALL,
  crashed,
  offered,
  rawOutbox,
  someReadings,
  tempOutbox,
} from '../../../test/support/temp-outbox.ts';
import { STREAMS_KEPT } from './streams.ts';

describe('streams', () => {
  it('are never mixed in one batch: each reading goes out under the stream it was accepted in', () => {
    const { outbox, file, world } = tempOutbox();
    const before = outbox.append(someReadings(3));
    const second = outbox.beginStream();
    const after = outbox.append(someReadings(2, 3));
    const { outbox: survivor } = tempOutbox({ file: crashed(file), world });

    const oldest = survivor.batch('local', ALL);
    const newest = survivor.batch('local', { ...ALL, order: 'newest' });

    expect(after).toEqual({ stream: second, lo: 4, hi: 5 });
    expect(second).not.toBe(before.stream);
    expect([oldest?.stream, oldest?.seqs]).toEqual([before.stream, [[1, 3]]]);
    expect([newest?.stream, newest?.seqs]).toEqual([second, [[4, 5]]]);
    survivor.acknowledge('local', second, [[1, 5]]);
    expect(offered(survivor)).toEqual([[1, 3]]);
  });

  it('are remembered after their last row has left, but only the latest of them', () => {
    const { outbox, file } = tempOutbox();
    const ids: string[] = [];
    for (let run = 1; run <= STREAMS_KEPT + 5; run += 1) {
      ids.push(outbox.append(someReadings(1)).stream);
      outbox.acknowledge('local', outbox.stream, [[run, run]]);
      outbox.beginStream();
    }

    const database = rawOutbox(file);
    const kept = database.prepare('SELECT id FROM streams ORDER BY ordinal').pluck().all();
    expect(kept).toEqual([...ids, outbox.stream].slice(-kept.length));
    expect(kept.length).toBeGreaterThanOrEqual(STREAMS_KEPT);
    expect(kept.length).toBeLessThan(STREAMS_KEPT + 5);
    database.close();
  });

  it('begin with each run, so that no two copies of a file give one identity to two readings', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(2));
    const copy = crashed(file);
    const original = outbox.append(someReadings(1, 2));

    const { outbox: clone } = tempOutbox({ file: copy });
    const cloned = clone.append(someReadings(1, 99));

    expect([cloned.lo, original.lo]).toEqual([3, 3]);
    expect(cloned.stream).not.toBe(original.stream);
  });

  it('of runs that accepted nothing are not kept', () => {
    const { outbox, file } = tempOutbox();
    outbox.close();
    for (let run = 0; run < 5; run += 1) tempOutbox({ file }).outbox.close();

    const database = rawOutbox(file);
    expect(database.prepare('SELECT count(*) FROM streams').pluck().get()).toBe(1);
    database.close();
  });
});
