import { describe, expect, it } from 'vitest';
import {
  ALL,
  crashed,
  offered,
  rawOutbox,
  someReadings,
  tempOutbox,
} from '../../../test/support/temp-outbox.ts';

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

  it('are forgotten when their last row has left', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(3));
    const second = outbox.beginStream();
    outbox.append(someReadings(1));

    outbox.acknowledge('local', stream, [[1, 3]]);
    outbox.flush();

    const database = rawOutbox(file);
    expect(database.prepare('SELECT id FROM streams').pluck().all()).toEqual([second]);
    database.close();
  });
});
