import { describe, expect, it } from 'vitest';
import {
  ALL,
  crashed,
  offered,
  rawOutbox,
  seqsIn,
  someReadings,
  tempOutbox,
} from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { TRIM_ROWS_MAX } from './commits.ts';
import { openOutbox } from './outbox.ts';

describe('append', () => {
  it('numbers readings from 1 without a gap, across rounds and restarts', () => {
    const { outbox, file, world } = tempOutbox();

    const first = outbox.append(someReadings(3));
    const second = outbox.append(someReadings(2, 3));
    outbox.close();
    const { outbox: reopened } = tempOutbox({ file, world });
    const third = reopened.append(someReadings(1, 5));

    expect([first, second, third].map(({ lo, hi }) => [lo, hi])).toEqual([
      [1, 3],
      [4, 5],
      [6, 6],
    ]);
    expect(second.stream).toBe(first.stream);
    expect(world.recorder.of('outbox.appended').map(({ lo, hi }) => [lo, hi])).toEqual([
      [1, 3],
      [4, 5],
      [6, 6],
    ]);
  });

  it('never assigns a seq twice, even after every row has left', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(5));
    outbox.acknowledge('local', stream, [[1, 5]]);
    outbox.close();
    expect(seqsIn(file)).toEqual([]);

    const { outbox: reopened } = tempOutbox({ file });

    expect(reopened.append(someReadings(1))).toMatchObject({ lo: 6, hi: 6 });
  });

  it('gives each file a stream of its own', () => {
    const world = createTestWorld();

    expect(tempOutbox({ world }).outbox.stream).not.toBe(tempOutbox({ world }).outbox.stream);
  });

  it('assigns nothing for an empty round, but writes pending acknowledgements', () => {
    const { outbox, file, world } = tempOutbox();
    const { stream } = outbox.append(someReadings(2));
    outbox.acknowledge('local', stream, [[1, 1]]);

    const appended = outbox.append([]);

    expect(appended).toEqual({ stream, lo: 3, hi: 2 });
    expect(seqsIn(file)).toEqual([2]);
    expect(world.recorder.of('outbox.appended')).toHaveLength(1);
  });

  it.each([
    ['a value that is not finite', { value: Number.POSITIVE_INFINITY }],
    ['a value that is not a number', { value: Number.NaN }],
    ['a fraction of a millisecond', { at: 0.5 }],
    ['a time beyond the wire', { at: 253_402_300_800_000 }],
    ['flags beyond a byte', { flags: 256 }],
    ['a mark that only the outbox sets', { flags: 4 }],
    ['a name that would break a label', { sensor: 'a"b' }],
    ['a unit with a space', { unit: 'per cent' }],
  ])('refuses a round with %s, whole', (_what, wrong) => {
    const { outbox } = tempOutbox();
    const [good, bad] = someReadings(2);

    expect(() => outbox.append([good, { ...bad, ...wrong }] as never)).toThrow(
      expect.objectContaining({ code: 'SGW_READING_INVALID' }),
    );

    expect(outbox.batch('local', ALL)).toBeUndefined();
    expect(outbox.append(someReadings(2))).toMatchObject({ lo: 1, hi: 2 });
  });

  it('accepts nothing of a round when the commit fails, and goes on when it can', () => {
    const { outbox, file } = tempOutbox();
    const other = rawOutbox(file);
    other.exec('BEGIN IMMEDIATE');

    expect(() => outbox.append(someReadings(3))).toThrow(expect.objectContaining({ code: 'SQLITE_BUSY' }));
    other.exec('ROLLBACK');
    other.close();

    expect(outbox.backlog('local').rows).toBe(0);
    expect(outbox.append(someReadings(3))).toMatchObject({ lo: 1, hi: 3 });
    expect(offered(outbox)).toEqual([[1, 3]]);
  });

  it('costs one commit a round, with acknowledgement and trimming in it, and none for what changes nothing', () => {
    const { outbox, file } = tempOutbox();
    const watcher = rawOutbox(file);
    const version = () => watcher.pragma('data_version', { simple: true });
    const { stream } = outbox.append(someReadings(5));
    outbox.acknowledge('local', stream, [[1, 5]]);
    const before = version();
    let seen = before;
    let commits = 0;
    // `data_version` changes with another connection's commit; looking after each call counts them.
    const look = () => {
      if (version() !== seen) commits += 1;
      seen = version();
    };

    look();
    outbox.append(someReadings(5, 5));
    look();
    outbox.batch('local', ALL);
    look();
    outbox.acknowledge('local', stream, [[6, 10]]);
    look();

    outbox.flush();
    look();
    outbox.acknowledge('local', stream, [[6, 10]]);
    outbox.flush();
    look();

    // The round, and the flush after its acknowledgement; the repeated one is free.
    expect(commits).toBe(2);
    expect(seqsIn(file)).toEqual([]);
    watcher.close();
  });
});

describe('acknowledge', () => {
  it('is forgotten by a crash before the next append, and the rows are offered again', () => {
    const { outbox, file, world } = tempOutbox();
    const { stream } = outbox.append(someReadings(4));
    outbox.acknowledge('local', stream, [[1, 4]]);
    expect(offered(outbox)).toEqual([]);

    const { outbox: survivor } = tempOutbox({ file: crashed(file), world });

    expect(offered(survivor)).toEqual([[1, 4]]);
  });

  it('survives a crash once it has been flushed (the twin of the test above)', () => {
    const { outbox, file, world } = tempOutbox();
    const { stream } = outbox.append(someReadings(4));
    outbox.acknowledge('local', stream, [[1, 4]]);
    outbox.flush();

    const { outbox: survivor } = tempOutbox({ file: crashed(file), world });

    expect(offered(survivor)).toEqual([]);
  });

  it('ignores seqs that were never assigned, other streams, and repetitions', () => {
    const { outbox } = tempOutbox();
    const { stream } = outbox.append(someReadings(3));

    outbox.acknowledge('local', 'somebodyelse', [[1, 3]]);
    outbox.acknowledge('local', stream, [
      [2, 900],
      [2, 2],
    ]);
    outbox.acknowledge('local', stream, [[2, 3]]);
    outbox.append(someReadings(2, 3));

    expect(offered(outbox)).toEqual([
      [1, 1],
      [4, 5],
    ]);
  });

  it('lets rows leave from the front only when every destination has them', () => {
    const { outbox, file } = tempOutbox({ destinations: ['local', 'remote'] });
    const { stream } = outbox.append(someReadings(6));

    outbox.acknowledge('local', stream, [[1, 6]]);
    outbox.acknowledge('remote', stream, [
      [1, 2],
      [4, 5],
    ]);
    outbox.flush();

    expect(seqsIn(file)).toEqual([3, 4, 5, 6]);
    expect(offered(outbox, 'remote')).toEqual([
      [3, 3],
      [6, 6],
    ]);
    expect(outbox.backlog('local')).toEqual({ rows: 0, oldestAt: undefined });
    expect(outbox.backlog('remote')).toEqual({ rows: 2, oldestAt: someReadings(6)[2]?.at });
  });

  it('trims a bounded number of rows in one transaction, and the rest with the next ones', () => {
    const { outbox, world } = tempOutbox();
    const { stream } = outbox.append(someReadings(2 * TRIM_ROWS_MAX + 5));
    outbox.acknowledge('local', stream, [[1, 2 * TRIM_ROWS_MAX + 5]]);

    outbox.flush();
    outbox.flush();
    outbox.append([]);
    outbox.flush();

    const trimmed = world.recorder.of('outbox.trimmed').map(({ rows }) => rows);
    expect(trimmed).toEqual([TRIM_ROWS_MAX, TRIM_ROWS_MAX, 5]);
  });

  it('keeps every row while no destination is configured', () => {
    const { outbox, file } = tempOutbox({ destinations: [] });

    outbox.append(someReadings(3));
    outbox.append(someReadings(3));

    expect(seqsIn(file)).toHaveLength(6);
  });

  it('is refused for a destination that is not configured', () => {
    const { outbox } = tempOutbox();
    const { stream } = outbox.append(someReadings(1));

    expect(() => outbox.acknowledge('nobody', stream, [[1, 1]])).toThrow(/nobody is not configured/);
    expect(() => outbox.batch('nobody', ALL)).toThrow(/nobody is not configured/);
  });
});

describe('destinations', () => {
  it('that are new get every row still there, and are owed none that has left', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(5));
    outbox.acknowledge('local', stream, [
      [1, 2],
      [4, 4],
    ]);
    outbox.close();

    const { outbox: reopened } = tempOutbox({ file, destinations: ['local', 'remote'] });

    expect(reopened.backlog('remote').rows).toBe(3);
    expect(offered(reopened, 'remote')).toEqual([[3, 5]]);
    expect(offered(reopened, 'local')).toEqual([
      [3, 3],
      [5, 5],
    ]);
  });

  it('that are no longer configured hold no row back', () => {
    const { outbox, file } = tempOutbox({ destinations: ['local', 'gone'] });
    const { stream } = outbox.append(someReadings(3));
    outbox.acknowledge('local', stream, [[1, 3]]);
    outbox.close();
    expect(seqsIn(file)).toEqual([1, 2, 3]);

    const { outbox: reopened } = tempOutbox({ file, destinations: ['local'] });
    reopened.flush();

    expect(seqsIn(file)).toEqual([]);
  });

  it('that return get what they have not acknowledged and what is still there', () => {
    const { outbox, file } = tempOutbox({ destinations: ['local', 'remote'] });
    const { stream } = outbox.append(someReadings(6));
    outbox.acknowledge('remote', stream, [
      [1, 1],
      [4, 5],
    ]);
    outbox.close();
    const { outbox: without } = tempOutbox({ file, destinations: ['local'] });
    without.acknowledge('local', stream, [[1, 2]]);
    without.close();

    const { outbox: back } = tempOutbox({ file, destinations: ['local', 'remote'] });

    expect(offered(back, 'remote')).toEqual([
      [3, 3],
      [6, 6],
    ]);
    expect(back.backlog('remote').rows).toBe(2);
  });
});

describe('opening', () => {
  it('says what it found', () => {
    const { outbox, file, world } = tempOutbox();
    const { stream } = outbox.append(someReadings(3));
    outbox.close();

    const { outbox: reopened } = tempOutbox({ file, world });

    expect(world.recorder.of('outbox.opened')).toEqual([
      { type: 'outbox.opened', stream, fresh: true, rows: 0, durationMs: 0 },
      { type: 'outbox.opened', stream: reopened.stream, fresh: false, rows: 3, durationMs: 0 },
    ]);
  });

  it('refuses a file whose next seq has been assigned already', () => {
    const { outbox, file, world } = tempOutbox();
    outbox.append(someReadings(3));
    outbox.close();
    const database = rawOutbox(file);
    database.exec('UPDATE streams SET next_seq = 3, crc = crc_of(ordinal, id, first_seq, 3)');
    database.close();

    const open = () =>
      openOutbox({ file, gateway: 'test-gateway', destinations: ['local'], world, bootId: 'boot-1' });

    expect(open).toThrow(/has a row 3, but the next seq to assign is 3/);
  });

  it('survives boots that come and go', () => {
    const { outbox, file, world } = tempOutbox({ bootId: 'boot-1' });
    const streams = [outbox.append(someReadings(1)).stream];
    outbox.close();
    for (const bootId of ['boot-2', 'boot-1', 'boot-3']) {
      const next = tempOutbox({ file, world, bootId });
      streams.push(next.outbox.append(someReadings(1)).stream);
      next.outbox.close();
    }

    const { outbox: last } = tempOutbox({ file, world, bootId: 'boot-4' });
    for (const [run, stream] of streams.entries()) {
      last.bury('local', stream, [{ seq: run + 1, code: 'x', message: 'x' }]);
    }

    expect(last.deadLetters(9).map(({ bootId }) => bootId)).toEqual(['boot-3', 'boot-1', 'boot-2', 'boot-1']);
  });

  it('delivers the others and names the one, when a row in the middle has been lost', () => {
    const { outbox, file, world } = tempOutbox();
    const { stream } = outbox.append(someReadings(5));
    const database = rawOutbox(file);
    database.exec('DELETE FROM readings WHERE seq = 3');
    database.close();

    expect(offered(outbox)).toEqual([
      [1, 2],
      [4, 5],
    ]);
    expect(world.recorder.of('outbox.corrupted')).toEqual([
      { type: 'outbox.corrupted', stream, seqs: [[3, 3]] },
    ]);
  });
});

describe('a drained file', () => {
  it('shrinks in small steps', () => {
    const { outbox, file } = tempOutbox();
    for (let round = 0; round < 20; round += 1) outbox.append(someReadings(5_000, round * 5_000));
    const database = rawOutbox(file);
    const pages = () => Number(database.pragma('page_count', { simple: true }));
    const full = pages();

    outbox.acknowledge('local', outbox.stream, [[1, 100_000]]);
    for (let flushes = 0; flushes < 100; flushes += 1) outbox.flush();

    expect(full).toBeGreaterThan(700);
    expect(pages()).toBeLessThan(full / 2);
    database.close();
  });
});
