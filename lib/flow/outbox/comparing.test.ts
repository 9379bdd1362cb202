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
import { intersection } from '../seq-ranges.ts';
import { readOutboxLedger } from './ledger-view.ts';
import { MINUTE } from './tiers.ts';

/** Two destinations, one of which is slow: so that what the other one has acknowledged is still here. */
function twoDestinations() {
  const made = tempOutbox({ destinations: ['local', 'far'] });
  const { stream } = made.outbox.append(someReadings(10));
  made.outbox.acknowledge('local', stream, [[1, 10]]);
  made.outbox.acknowledge('far', stream, [[1, 4]]);
  made.outbox.flush();
  return { ...made, stream };
}

describe('reconciling with a store that lacks what it had acknowledged', () => {
  it('makes what is still here wait again, and names what has left', () => {
    const { outbox, stream } = twoDestinations();

    const done = outbox.reconcile('local', stream, { missing: [[3, 7]], received: [] });

    expect(done).toEqual({ again: [[5, 7]], lost: [[3, 4]] });
    expect(offered(outbox)).toEqual([[5, 7]]);
    expect(JSON.parse(outbox.goneBatch('local')?.body ?? '').gone).toEqual([[3, 4, 'rolled_back']]);
    expect(outbox.goneBatch('far')).toBeUndefined();
  });

  it('survives a crash', () => {
    const { outbox, file, stream } = twoDestinations();

    outbox.reconcile('local', stream, { missing: [[7, 8]], received: [] });
    const { outbox: after } = tempOutbox({ file: crashed(file), destinations: ['local', 'far'] });

    expect(offered(after)).toEqual([[7, 8]]);
    expect(after.backlog('local').rows).toBe(2);
  });

  it('makes it wait also when the disk does not take that, so that no row leaves that the store lacks', () => {
    const { outbox, file, stream } = twoDestinations();
    const other = rawOutbox(file);
    other.exec('BEGIN IMMEDIATE');

    const reconcile = () => outbox.reconcile('local', stream, { missing: [[5, 7]], received: [] });
    expect(reconcile).toThrow(expect.objectContaining({ code: 'SQLITE_BUSY' }));
    other.exec('ROLLBACK');
    outbox.acknowledge('far', stream, [[5, 10]]);
    outbox.append(someReadings(1));

    expect(offered(outbox)).toEqual([
      [5, 7],
      [11, 11],
    ]);
    expect(seqsIn(file)).toEqual([5, 6, 7, 8, 9, 10, 11]);
  });

  it('leaves alone what is in the ledger, waits anyway, or was never assigned', () => {
    const { outbox, stream } = twoDestinations();
    outbox.append(someReadings(2, 10));
    outbox.declareGone([[6, 6]], 'corrupt');

    const done = outbox.reconcile('local', stream, {
      missing: [
        [6, 6],
        [11, 12],
        [500, 600],
      ],
      received: [],
    });

    expect(done).toEqual({ again: [], lost: [] });
    expect(outbox.reconcile('local', 'nosuchstream', { missing: [[5, 5]], received: [] })).toEqual({
      again: [],
      lost: [],
    });
  });

  it('acknowledges what the store has, so that it need not be sent', () => {
    const { outbox, file, stream } = twoDestinations();

    outbox.reconcile('far', stream, { missing: [], received: [[5, 10]] });

    expect(outbox.backlog('far').rows).toBe(0);
    expect(seqsIn(file)).toEqual([]);
  });

  it('twin: a row that has left cannot wait again, and so is not said to', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(3));
    outbox.acknowledge('local', stream, [[1, 3]]);
    outbox.flush();

    expect(outbox.reconcile('local', stream, { missing: [[1, 3]], received: [] })).toEqual({
      again: [],
      lost: [[1, 3]],
    });
    expect(seqsIn(file)).toEqual([]);
    expect(offered(outbox)).toEqual([]);
  });
});

describe('what a destination is believed to have', () => {
  it('is nothing of what had left before it was configured', () => {
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(6));
    outbox.acknowledge('local', stream, [[1, 4]]);
    outbox.flush();
    outbox.close();

    const { outbox: later } = tempOutbox({ file, destinations: ['local', 'new'] });

    expect(later.runs('new', 9).map((run) => run.acknowledged)).toEqual([[]]);
    expect(later.runs('local', 9)[0]).toMatchObject({ stream, seqs: [1, 6], acknowledged: [[1, 4]] });
    expect(later.reconcile('new', stream, { missing: [[1, 6]], received: [] }).lost).toEqual([]);
  });

  it('is nothing of the thinned rows that had left before it was configured', () => {
    const { outbox, file, world } = tempOutbox({ bounds: { bytesMax: 256 * 1_024, diskReserveBytes: 0 } });
    for (let at = 0; world.recorder.of('reading.thinned').length === 0; at += 300)
      outbox.append(someReadings(300, at));
    const batch = outbox.batch('local', { ...ALL, within: MINUTE.space });
    const { stream, seqs } = batch ?? { stream: '', seqs: [] };
    outbox.acknowledge('local', stream, seqs);
    outbox.flush();
    outbox.close();

    const { outbox: later } = tempOutbox({ file, destinations: ['local', 'new'] });

    const seen = readOutboxLedger(file).destinations;
    const left = { missing: seqs, received: [] };
    expect(seqs[0]?.[0]).toBe(MINUTE.space[0]);
    expect(seen.map(({ acknowledged }) => intersection(acknowledged, seqs))).toEqual([seqs, []]);
    expect(later.reconcile('new', stream, left).lost).toEqual([]);
    expect(later.reconcile('local', stream, left).lost).toEqual(seqs);
  });

  it('does not include what left while it was not configured', () => {
    const { outbox, file } = tempOutbox({ destinations: ['local', 'far'] });
    outbox.append(someReadings(2));
    outbox.close();
    const { outbox: alone } = tempOutbox({ file, destinations: ['local'] });
    for (const run of alone.runs('local', 9)) alone.acknowledge('local', run.stream, [run.seqs]);
    alone.flush();
    alone.append(someReadings(3));
    alone.close();

    const { outbox: back } = tempOutbox({ file, destinations: ['local', 'far'] });

    expect(back.runs('far', 9).flatMap((run) => run.acknowledged)).toEqual([]);
  });
});

describe('a rollback', () => {
  const ROLLBACK = { stream: 'lostcopy1', ours: 10, theirs: 40, lacking: [[20, 25]] as const };

  it('is news once, also after a restart, and grows when more of it is seen', () => {
    const { outbox, file } = tempOutbox();

    expect(outbox.noteRollback('local', ROLLBACK)).toBe(true);
    expect(outbox.noteRollback('local', ROLLBACK)).toBe(false);
    outbox.close();
    const { outbox: later } = tempOutbox({ file });
    expect(later.noteRollback('local', ROLLBACK)).toBe(false);
    expect(later.noteRollback('local', { ...ROLLBACK, theirs: 50 })).toBe(false);
    expect(rawOutbox(file).prepare('SELECT ours, theirs FROM rollbacks').all()).toEqual([
      { ours: 10, theirs: 50 },
    ]);
  });

  it('names what only the lost copy had, in its stream, and touches no row of the same seqs here', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(30));

    outbox.noteRollback('local', ROLLBACK);

    const { stream, gone } = JSON.parse(outbox.goneBatch('local')?.body ?? '');
    expect([stream, gone]).toEqual(['lostcopy1', [[20, 25, 'rolled_back']]]);
    outbox.close();
    const { outbox: later } = tempOutbox({ file });
    expect(offered(later)).toEqual([[1, 30]]);
  });
});
