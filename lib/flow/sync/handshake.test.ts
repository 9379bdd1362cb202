/**
 * Real outboxes and a real store, in virtual time: the outbox is copied, restored, cloned, and the store is
 * restored, and each time the two compare notes after the first delivery of the run.
 */

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { ALL, crashed, offered, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld, type TestWorld } from '../../../test/support/test-world.ts';
import type { MissedOutbox } from '../outbox/account.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { normalized } from '../seq-ranges.ts';
import { batchOf } from '../write-api/ingest.ts';
import { WRITE_API_LIMITS } from '../write-api/limits.ts';
import { createSqliteStore } from '../write-api/store/sqlite-store.ts';
import type { HttpDelivery } from './deliver.ts';
import { createHandshake } from './handshake.ts';

function centralStore(file = join(tempDir(), 'store.db')) {
  const store = createSqliteStore({ file, world: createTestWorld({ seed: 9_999 }) });
  onTestFinished(() => store.close());
  const context = { nowAt: 0, limits: WRITE_API_LIMITS, ownStream: store.ownStream, defaultGateway: 'attic' };
  const asked: string[] = [];
  const central = {
    file,
    asked,
    readStream: (async (stream, _deadlineMs, from = 1) => {
      asked.push(stream);
      return { kind: 'read', answer: await store.stream(stream, from) };
    }) as HttpDelivery['readStream'],
    async post(body: string) {
      const [answer] = await store.ingest([batchOf(JSON.parse(body), context)]);
      return normalized([...(answer?.stored ?? []), ...(answer?.duplicate ?? [])]);
    },
    async drain(outbox: Outbox, pick = ALL) {
      for (
        let batch = outbox.batch('local', pick);
        batch !== undefined;
        batch = outbox.batch('local', pick)
      ) {
        outbox.acknowledge('local', batch.stream, await central.post(batch.body));
      }
      for (let told = outbox.goneBatch('local'); told !== undefined; told = outbox.goneBatch('local')) {
        await central.post(told.body);
        if (told.goneUpTo !== undefined) outbox.noteTold('local', told.goneUpTo);
      }
      outbox.flush();
    },
    stream: (stream: string) => store.stream(stream, 1),
  };
  return central;
}

/** Runs a handshake for a time and says what it had to say. */
async function shakeHands(
  outbox: Outbox,
  readStream: HttpDelivery['readStream'],
  options: {
    contacted?: () => boolean;
    ms?: number;
    world?: TestWorld;
    missed?: readonly MissedOutbox[];
  } = {},
) {
  const world = options.world ?? createTestWorld();
  let resends = 0;
  const loop = createHandshake({
    name: 'local',
    outbox,
    readStream,
    missed: options.missed ?? [],
    contacted: options.contacted ?? (() => true),
    world,
    pulse: { promise() {}, release() {} },
    onResend: () => {
      resends += 1;
    },
  });
  const run = loop.run();
  await world.clock.advance(options.ms ?? 60_000);
  loop.stop();
  await run;
  return { events: world.recorder.events, resends };
}

describe('an outbox that was restored from a backup', () => {
  /** The original goes on with 6 readings after the copy, of which the last but two never arrive. */
  async function restored() {
    const central = centralStore();
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(5));
    const backup = crashed(file);
    outbox.append(someReadings(6, 5));
    const lostOnTheWay = outbox.batch('local', { ...ALL, within: [1, 8] });
    outbox.acknowledge('local', stream, await central.post(lostOnTheWay?.body ?? ''));
    await central.drain(outbox, { ...ALL, within: [11, 11] });
    outbox.close();
    return { central, backup, stream };
  }

  it('is recognised after its first delivery, and what only the lost copy had is named', async () => {
    const { central, backup, stream } = await restored();
    const { outbox } = tempOutbox({ file: backup });
    outbox.append(someReadings(3, 20));
    await central.drain(outbox);

    const { events } = await shakeHands(outbox, central.readStream);
    await central.drain(outbox);

    expect(events).toEqual([
      { type: 'outbox.rolled_back', destination: 'local', stream, ours: 5, theirs: 11, lacking: 2 },
    ]);
    expect(await central.stream(stream)).toMatchObject({
      received: [
        [1, 8],
        [11, 11],
      ],
      gone: [[9, 10, 'rolled_back']],
    });
  });

  it('is announced once, and not with each start', async () => {
    const { central, backup } = await restored();
    const { outbox } = tempOutbox({ file: backup });
    await shakeHands(outbox, central.readStream);
    outbox.close();

    const { outbox: again } = tempOutbox({ file: backup });
    const { events } = await shakeHands(again, central.readStream);

    expect(events).toEqual([]);
  });

  it('twin: without a copy that went on there is nothing to announce, over many runs', async () => {
    const central = centralStore();
    const { file } = tempOutbox();
    for (let run = 0; run < 4; run += 1) {
      const { outbox } = tempOutbox({ file });
      outbox.append(someReadings(3, run * 3));
      await central.drain(outbox);
      outbox.close();
    }
    const { outbox } = tempOutbox({ file });
    outbox.append(someReadings(2, 90));

    const { events } = await shakeHands(outbox, central.readStream, { ms: 3_000_000 });

    expect(events).toEqual([]);
    expect(new Set(central.asked).size).toBe(5);
    expect(central.asked).toHaveLength(5);
  });
});

describe('a program that goes on running in two places', () => {
  it('begins a stream of its own when the store knows more of it than was assigned here', async () => {
    const central = centralStore();
    const { outbox, file } = tempOutbox();
    const { stream } = outbox.append(someReadings(4));
    await central.drain(outbox);
    // The other copy, as the store sees it: the same stream, and seqs that were never assigned here.
    const twin = tempOutbox({ file: crashed(file) }).outbox;
    twin.append(someReadings(3, 50));
    const batch = twin.batch('local', ALL);
    await central.post((batch?.body ?? '').replace(twin.stream, stream));

    const { events } = await shakeHands(outbox, central.readStream);
    outbox.append(someReadings(2, 100));

    expect(events).toMatchObject([{ type: 'outbox.rolled_back', stream, ours: 4, theirs: 7, lacking: 0 }]);
    expect(outbox.stream).not.toBe(stream);
    await central.drain(outbox);
    expect(outbox.backlog('local').rows).toBe(0);
    expect((await central.stream(outbox.stream)).received).toEqual([[5, 6]]);
  });

  it('is not suspected for what was delivered while the answer was on its way', async () => {
    const central = centralStore();
    const { outbox } = tempOutbox();
    outbox.append(someReadings(4));
    await central.drain(outbox);

    const { events } = await shakeHands(outbox, async (...asked) => {
      outbox.append(someReadings(3, 10));
      await central.drain(outbox);
      return central.readStream(...asked);
    });

    expect(events).toEqual([]);
  });
});

describe('a store that was restored from a backup', () => {
  it('gets again what is still here, and is told of what is not', async () => {
    const central = centralStore();
    const { outbox } = tempOutbox({ destinations: ['local', 'far'] });
    const { stream } = outbox.append(someReadings(9));
    outbox.acknowledge('far', stream, [[1, 4]]);
    await central.drain(outbox, { ...ALL, within: [1, 2] });
    // Acknowledged after the copy of the store was made.
    outbox.acknowledge('local', stream, [[3, 9]]);
    outbox.flush();

    const { events, resends } = await shakeHands(outbox, central.readStream);

    expect(events).toEqual([{ type: 'store.rolled_back', destination: 'local', stream, again: 5, lost: 2 }]);
    expect(resends).toBe(1);
    expect(offered(outbox)).toEqual([[5, 9]]);
    await central.drain(outbox);
    expect(await central.stream(stream)).toMatchObject({
      received: [
        [1, 2],
        [5, 9],
      ],
      gone: [[3, 4, 'rolled_back']],
    });
  });
});

describe('the handshake', () => {
  it('asks nothing before the first delivery of a run has been stored', async () => {
    const central = centralStore();
    const { outbox } = tempOutbox();
    outbox.append(someReadings(3));
    let contacted = false;
    const world = createTestWorld();

    await shakeHands(outbox, central.readStream, { contacted: () => contacted, world, ms: 500_000 });
    expect(central.asked).toEqual([]);
    contacted = true;
    await shakeHands(outbox, central.readStream, { contacted: () => contacted, world });
    expect(central.asked).toHaveLength(1);
  });

  it('leaves a destination that cannot answer alone for an hour', async () => {
    const { outbox } = tempOutbox();
    outbox.append(someReadings(3));
    let asked = 0;
    const refuse: HttpDelivery['readStream'] = async () => {
      asked += 1;
      return { kind: 'failed', reason: 'HTTP 404 does not say what was received' };
    };

    await shakeHands(outbox, refuse, { ms: 3_599_000 });

    expect(asked).toBe(1);
  });

  it('goes on when the file it shares notes with is copied between its questions', async () => {
    const central = centralStore();
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(3));
    await central.drain(outbox);
    outbox.close();
    const copy = join(tempDir(), 'outbox.db');
    copyFileSync(file, copy);
    const [first, second] = [tempOutbox({ file }).outbox, tempOutbox({ file: copy }).outbox];
    first.append(someReadings(2, 10));
    second.append(someReadings(2, 20));
    await central.drain(first);
    await central.drain(second);

    const heard = [await shakeHands(first, central.readStream), await shakeHands(second, central.readStream)];

    // Each run has a stream of its own: a clone is no rollback, and neither has anything to mend.
    expect(heard.flatMap(({ events }) => events)).toEqual([]);
  });
});

describe('an outbox that was deleted after a kill', () => {
  /** Two runs: of the first 3 of 5 are delivered, of the second the first and the last two of 6. */
  async function deleted() {
    const central = centralStore();
    const { outbox: first, file, world } = tempOutbox();
    first.append(someReadings(5));
    await central.drain(first, { ...ALL, rowsMax: 3, within: [1, 3] });
    const older = first.stream;
    first.close();
    const { outbox: second } = tempOutbox({ file, world });
    const unclear = second.waiting();
    second.append(someReadings(6));
    await central.drain(second, { ...ALL, within: [6, 6] });
    await central.drain(second, { ...ALL, within: [10, 11] });
    const missed = [{ at: 0, stream: second.stream, firstSeq: 6, rows: null, unclear }];
    return { central, older, newest: second.stream, missed };
  }

  it('is accounted for as far as the destination has it: what it lacks below that is named', async () => {
    const { central, older, newest, missed } = await deleted();
    const { outbox, world } = tempOutbox();

    await shakeHands(outbox, central.readStream, { world, missed });
    await central.drain(outbox);

    expect((await central.stream(older)).gone).toEqual([[4, 5, 'deleted']]);
    expect((await central.stream(newest)).gone).toEqual([[7, 9, 'deleted']]);
    expect(world.recorder.of('outbox.missed_compared')).toMatchObject([
      { stream: older, highest: 3, lacking: [[4, 5]] },
      { stream: newest, highest: 11, lacking: [[7, 9]] },
    ]);
  });

  it('is not named again once the destination has been told', async () => {
    const { central, missed } = await deleted();
    const { outbox } = tempOutbox();
    await shakeHands(outbox, central.readStream, { missed });
    await central.drain(outbox);
    const { outbox: next, world } = tempOutbox();

    await shakeHands(next, central.readStream, { world, missed });

    expect(world.recorder.of('outbox.missed_compared')).toEqual([]);
  });

  it('costs the reader nothing while its disk takes no ledger, and is asked for by the next start', async () => {
    const { central, newest, missed } = await deleted();
    const { outbox, world } = tempOutbox();
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    const refusing = new Proxy(outbox, {
      get: (of, name): unknown =>
        name === 'restore'
          ? () => {
              throw full;
            }
          : Reflect.get(of, name),
    });

    await shakeHands(refusing, central.readStream, { world, missed });
    expect(world.recorder.of('outbox.missed_compared')).toEqual([]);
    await shakeHands(outbox, central.readStream, { missed });
    await central.drain(outbox);

    expect((await central.stream(newest)).gone).toEqual([[7, 9, 'deleted']]);
  });

  it('twin: without that the store has a hole that nobody explains', async () => {
    const { central, newest } = await deleted();
    const { outbox } = tempOutbox();

    await shakeHands(outbox, central.readStream);
    await central.drain(outbox);

    expect(await central.stream(newest)).toMatchObject({
      gone: [],
      received: [
        [6, 6],
        [10, 11],
      ],
    });
  });
});
