import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Outbox, OutgoingBatch } from '../../lib/flow/outbox/outbox.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import { normalized } from '../../lib/flow/seq-ranges.ts';
import { batchOf } from '../../lib/flow/write-api/ingest.ts';
import { WRITE_API_LIMITS } from '../../lib/flow/write-api/limits.ts';
import { createSqliteStore } from '../../lib/flow/write-api/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { ALL, someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { gaps } from './gaps.ts';

/** An outbox and a store where the command looks for them. */
function site() {
  const rig = commandRig();
  const world = createTestWorld();
  const store = createSqliteStore({ file: join(rig.dataDir, 'store.db'), world });
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db'), world });
  const post = async (batch: OutgoingBatch | undefined) => {
    if (batch === undefined) throw new Error('there is nothing to post');
    const context = {
      nowAt: 0,
      limits: WRITE_API_LIMITS,
      ownStream: store.ownStream,
      defaultGateway: 'attic',
    };
    const [answer] = await store.ingest([batchOf(JSON.parse(batch.body), context)]);
    outbox.acknowledge('local', batch.stream, normalized(answer?.stored ?? []));
    if (batch.goneUpTo !== undefined) outbox.noteTold('local', batch.goneUpTo);
    outbox.flush();
  };
  return { rig, outbox, store, post };
}

const deliver = (outbox: Outbox, lo: number, hi: number) =>
  outbox.batch('local', { ...ALL, within: [lo, hi] });

describe('sensorctl gaps', () => {
  it('names what was given up and buried with the cause and the time, and calls what waits no gap', async () => {
    const { rig, outbox, store, post } = site();
    const { stream } = outbox.append(someReadings(12));
    outbox.declareGone([[3, 5]], 'shed');
    await post(deliver(outbox, 1, 6));
    outbox.bury('local', stream, [{ seq: 8, code: 'x', message: 'no' }]);
    await post(deliver(outbox, 7, 9));
    await post(outbox.goneBatch('local'));

    const said = await rig.run(gaps, { since: '2026-01-01' });

    expect(said.exitCode).toBe(0);
    expect(said.out).toHaveLength(3);
    expect(said.out[0]).toMatch(
      /^test-gateway {2}3 readings \(3-5 of .*\), after .*, before .*given up because/,
    );
    expect(said.out[1]).toMatch(/1 reading \(8 of .*refused by the write API/);
    expect(said.out[2]).toMatch(/3 readings \(10-12 of .*no gap, on its way/);
    await store.close();
  });

  it('exits with 1 for what nobody can explain, with --json as values', async () => {
    const { rig, outbox, store, post } = site();
    const { stream } = outbox.append(someReadings(5));
    await post(deliver(outbox, 1, 2));
    // Acknowledged without ever having been stored: what a restored store looks like.
    outbox.acknowledge('local', stream, [[3, 3]]);
    await post(deliver(outbox, 4, 5));

    const said = await rig.run(gaps, { since: '2026-01-01', json: true });

    expect(said.exitCode).toBe(1);
    expect(JSON.parse(said.out[0] ?? '')).toMatchObject({
      explained: false,
      gaps: [{ stream, lo: 3, hi: 3, readings: 1, cause: 'unexplained', after: /./ }].map(
        ({ after: _, ...gap }) => gap,
      ),
    });
    await store.close();
  });

  it('calls thinned readings kept where the store has their means, and says where it has not', async () => {
    const { rig, outbox, store, post } = site();
    const { stream } = outbox.append(someReadings(12));
    outbox.declareGone([[3, 6]], 'thinned');
    await post(deliver(outbox, 1, 12));
    await post(outbox.goneBatch('local'));
    await store.ingest([
      {
        stream: 'meansstream',
        gateway: 'test-gateway',
        series: [{ gateway: 'test-gateway', sensor: 'roof', metric: 'temperature', unit: 'celsius' }],
        rows: [[1, 0, 1_000, 2, FLAG.thinned, [2, 1, 3, 1, 3, 10_000, 0, 3, 4]]],
        refused: [],
        gone: [],
        sources: [stream],
        corrections: [],
      },
    ]);

    const said = await rig.run(gaps, { since: '2026-01-01' });

    expect(said.exitCode).toBe(0);
    expect(said.out).toHaveLength(2);
    expect(said.out[0]).toMatch(/2 readings \(3-4 of .*kept as means.*no loss/);
    expect(said.out[1]).toMatch(/2 readings \(5-6 of .*the store does not have/);
    await store.close();
  });

  it('says so when nothing is missing, and leaves out what lies before the time asked for', async () => {
    const { rig, outbox, store, post } = site();
    outbox.append(someReadings(4));
    outbox.declareGone([[2, 2]], 'shed');
    await post(deliver(outbox, 1, 4));
    await post(outbox.goneBatch('local'));

    const said = await rig.run(gaps, { since: '2026-01-20' });

    expect([said.exitCode, said.out]).toEqual([0, []]);
    expect(said.notes.join()).toContain('Nothing is missing');
    await store.close();
  });
});
