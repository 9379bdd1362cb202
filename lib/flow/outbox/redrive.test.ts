import { describe, expect, it } from 'vitest';
import {
  crashed,
  offered,
  rawOutbox,
  seqsIn,
  someReadings,
  tempOutbox,
} from '../../../test/support/temp-outbox.ts';
import { openOutboxReadOnly } from './outbox-view.ts';

const refusal = (seq: number) => ({ seq, code: 'VALUE_IMPOSSIBLE', message: 'colder than absolute zero' });

/** Twenty rows delivered, of which 5 and 6 became dead letters, and ten that came later. */
function withDeadLetters() {
  const made = tempOutbox();
  const { outbox } = made;
  const { stream } = outbox.append(someReadings(20));
  outbox.bury('local', stream, [refusal(5), refusal(6)]);
  outbox.acknowledge('local', stream, [[1, 20]]);
  outbox.append(someReadings(10, 20));
  return { ...made, stream };
}

describe('a dead letter that is redriven', () => {
  it('is sent again under its own identity although its row has left', () => {
    const { outbox, stream, file } = withDeadLetters();
    expect(seqsIn(file).at(0)).toBe(21);

    const count = outbox.redrive('local', 5);

    expect(count).toBe(1);
    expect(outbox.deadLetters(10).map(({ seq }) => seq)).toEqual([6]);
    expect(offered(outbox)).toEqual([
      [5, 5],
      [21, 30],
    ]);
    const batch = outbox.batch('local', { order: 'oldest', rowsMax: 1, bytesMax: 1e6 });
    const original = someReadings(20)[4];
    expect(batch?.stream).toBe(stream);
    expect(JSON.parse(batch?.body ?? '').readings).toEqual([[5, 0, original?.at, original?.value]]);
    expect(outbox.backlog('local')).toEqual({ rows: 11, oldestAt: original?.at });
  });

  it('survives a crash, and is counted as one row and no more', () => {
    const { outbox, file, world } = withDeadLetters();
    outbox.redrive('local', undefined);

    const copy = crashed(file);
    const { outbox: survivor } = tempOutbox({ file: copy, world });

    expect(offered(survivor)).toEqual([
      [5, 6],
      [21, 30],
    ]);
    expect(survivor.deadLetters(10)).toEqual([]);
    const view = openOutboxReadOnly(copy);
    expect(view.stats()).toMatchObject({ rows: 12, destinations: [{ rows: 12 }] });
    view.close();
  });

  it('leaves again when it is acknowledged, and the rows behind it with it', () => {
    const { outbox, file, stream } = withDeadLetters();
    outbox.redrive('local', undefined);

    outbox.acknowledge('local', stream, [
      [5, 6],
      [21, 25],
    ]);
    outbox.flush();
    outbox.flush();

    expect(seqsIn(file)).toEqual([26, 27, 28, 29, 30]);
    expect(offered(outbox)).toEqual([[26, 30]]);
  });

  it('may become a dead letter once more', () => {
    const { outbox, stream } = withDeadLetters();
    outbox.redrive('local', 5);

    outbox.bury('local', stream, [refusal(5)]);

    expect(outbox.deadLetters(10).map(({ seq }) => seq)).toEqual([6, 5]);
    expect(offered(outbox)).toEqual([[21, 30]]);
  });

  it('does not make a destination that is new wait for rows that left before it came', () => {
    const { outbox, file, world } = withDeadLetters();
    outbox.redrive('local', 5);

    const { outbox: both } = tempOutbox({ file: crashed(file), world, destinations: ['local', 'fresh'] });

    expect(offered(both, 'fresh')).toEqual([
      [5, 5],
      [21, 30],
    ]);
  });

  it('is found again even when its stream has been forgotten', () => {
    const { outbox, file, stream, world } = withDeadLetters();
    outbox.acknowledge('local', stream, [[21, 30]]);
    outbox.close();
    const raw = rawOutbox(file);
    raw.prepare('DELETE FROM streams WHERE id = ?').run(stream);
    raw
      .prepare(
        "INSERT INTO streams VALUES (500, 'anotherstream', 31, 31, 0, crc_of(500, 'anotherstream', 31, 31))",
      )
      .run();
    const { outbox: later } = tempOutbox({ file, world });
    later.append(someReadings(2, 30));

    expect(later.redrive('local', undefined)).toBe(2);

    expect(later.batch('local', { order: 'oldest', rowsMax: 9, bytesMax: 1e6 })).toMatchObject({
      stream,
      seqs: [[5, 6]],
    });
    expect(later.append(someReadings(1, 40)).lo).toBe(33);
  });

  it('stays a dead letter when the transaction fails', () => {
    const { outbox, file } = withDeadLetters();
    const other = rawOutbox(file);
    other.exec('BEGIN IMMEDIATE');

    expect(() => outbox.redrive('local', 5)).toThrow();
    other.exec('ROLLBACK');
    outbox.append([]);

    expect(outbox.deadLetters(10)).toHaveLength(2);
    expect(offered(outbox)).toEqual([[21, 30]]);
  });

  it('twin: nothing is put back for a destination without dead letters, or for a seq that is none', () => {
    const { outbox } = withDeadLetters();

    expect(outbox.redrive('local', 7)).toBe(0);
    expect(offered(outbox)).toEqual([[21, 30]]);
  });
});

describe('a dead letter that is dropped', () => {
  it('is gone for good, alone or with all others', () => {
    const { outbox } = withDeadLetters();

    expect(outbox.dropDeadLetters('local', 5)).toBe(1);
    expect(outbox.deadLetters(10).map(({ seq }) => seq)).toEqual([6]);
    expect(outbox.dropDeadLetters('local', undefined)).toBe(1);
    expect(outbox.redrive('local', undefined)).toBe(0);
  });
});

describe('compacting', () => {
  it('gives the room of a drained backlog back in bounded steps, and keeps what waits', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(100_000));
    outbox.acknowledge('local', stream, [[1, 99_990]]);
    for (let step = 0; step < 60; step += 1) outbox.flush();
    const raw = rawOutbox(file);
    const pages = () => Number(raw.pragma('page_count', { simple: true }));
    const before = pages();

    let steps = 1;
    while (outbox.compact() > 0) steps += 1;

    expect(before).toBeGreaterThan(200);
    expect(steps).toBeLessThan(20);
    expect(pages()).toBeLessThan(40);
    expect(offered(outbox)).toEqual([[99_991, 100_000]]);
  });
});
