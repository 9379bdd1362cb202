import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OutboxBounds } from '../../lib/flow/outbox/bounds.ts';
import type { Outbox, OutgoingBatch } from '../../lib/flow/outbox/outbox.ts';
import { MINUTE } from '../../lib/flow/outbox/tiers.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import { normalized } from '../../lib/flow/seq-ranges.ts';
import { batchOf } from '../../lib/flow/write-api/ingest.ts';
import { WRITE_API_LIMITS } from '../../lib/flow/write-api/limits.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { ALL, offered, someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { gaps } from './gaps.ts';

/** An outbox and a store where the command looks for them. */
function site(bounds?: OutboxBounds) {
  const rig = commandRig();
  const world = createTestWorld();
  const store = createSqliteStore({ file: join(rig.dataDir, 'store.db'), world });
  const { outbox } = tempOutbox({
    file: join(rig.dataDir, 'outbox.db'),
    world,
    ...(bounds === undefined ? {} : { bounds }),
  });
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

/** As a person reads it: `1,234`. */
const numberOf = (text = '') => Number(text.replace(/,/g, ''));

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

  it('counts the readings that means stand for, not the means, as long as these are in the outbox', async () => {
    const { rig, outbox, store, post } = site({ bytesMax: 256 * 1_024, diskReserveBytes: 0 });
    // Two minutes of three sensors at a time, one reading each 10 s, until the oldest have been thinned.
    for (let minute = 0; offered(outbox)[0]?.[0] !== MINUTE.space[0]; minute += 2) {
      outbox.append(
        Array.from({ length: 36 }, (_, i) => ({
          sensor: `sensor-${i % 3}`,
          metric: 'temperature',
          unit: 'celsius',
          at: 1_768_493_400_000 + minute * 60_000 + Math.floor(i / 3) * 10_000,
          value: i,
          flags: 0,
          monoMs: i,
        })),
      );
    }
    await post(outbox.goneBatch('local'));
    const thinned = outbox.batch('local', { ...ALL, rowsMax: 2 });
    await post(thinned);
    outbox.declareGone([[MINUTE.space[0] + 2, MINUTE.space[0] + 3]], 'shed');
    outbox.flush();

    const said = await rig.run(gaps, { since: '2026-01-01' });
    const json = await rig.run(gaps, { since: '2026-01-01', json: true });

    const means = said.out.filter((line) => line.includes(' mean'));
    const [lo] = MINUTE.space;
    expect(said.out.find((line) => line.includes(`(${lo + 2}-${lo + 3} of`))).toMatch(
      / {2}2 means \(.*given up/,
    );
    const waiting = means.find((line) => line.includes('on its way')) ?? '';
    const [, rows, readings] = /([\d,]+) means of ([\d,]+) readings/.exec(waiting) ?? [];
    expect(numberOf(readings)).toBe(6 * numberOf(rows));
    const { gaps: found }: { gaps: object[] } = JSON.parse(json.out[0] ?? '');
    expect(found).toContainEqual(expect.objectContaining({ lo: lo + 2, means: 2, readings: null }));
    expect(found).toContainEqual(
      expect.objectContaining({ lo: lo + 4, means: numberOf(rows), readings: numberOf(readings) }),
    );
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
