/**
 * An outbox file that was restored from a backup, or cloned with its card: against a real store, nothing
 * is lost, nothing is stored twice, and nothing is taken for a repetition of something else.
 */

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { ALL, crashed, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { normalized } from '../seq-ranges.ts';
import { batchOf } from '../write-api/ingest.ts';
import { WRITE_API_LIMITS } from '../write-api/limits.ts';
import { openStoreReadOnly } from '../write-api/store/sqlite-reader.ts';
import { createSqliteStore } from '../write-api/store/sqlite-store.ts';
import type { Outbox } from './outbox.ts';

/** Values of `someReadings(n, from)`: each reading of a test has its own. */
const valuesOf = (n: number, from: number) => someReadings(n, from).map(({ value }) => value);

function centralStore() {
  const file = join(tempDir(), 'store.db');
  const store = createSqliteStore({ file, world: createTestWorld({ seed: 9_999 }) });
  const context = { nowAt: 0, limits: WRITE_API_LIMITS, ownStream: store.ownStream, defaultGateway: 'attic' };
  return {
    async post(body: string) {
      const [answer] = await store.ingest([batchOf(JSON.parse(body), context)]);
      if (answer === undefined) throw new Error('no answer');
      return answer;
    },
    async drain(outbox: Outbox, rowsMax = 1_000) {
      for (let batch = outbox.batch('local', ALL); batch !== undefined; ) {
        const { stored, duplicate } = await this.post(batch.body);
        outbox.acknowledge('local', batch.stream, normalized([...stored, ...duplicate]));
        batch = outbox.batch('local', { ...ALL, rowsMax });
      }
      outbox.flush();
    },
    /** Every stored value, ascending. */
    async values(): Promise<number[]> {
      const reader = openStoreReadOnly(file);
      const found: number[] = [];
      for await (const { value } of reader.readings({ sinceAt: 0 })) found.push(value);
      await reader.close();
      await store.close();
      return found.sort((a, b) => a - b);
    },
  };
}

describe('a copy of an outbox file', () => {
  it('that is restored right after the original went on delivers all that is new', async () => {
    const central = centralStore();
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(5, 0));
    const backup = crashed(file);
    outbox.append(someReadings(5, 5));
    await central.drain(outbox);
    outbox.close();

    const { outbox: restored } = tempOutbox({ file: backup });
    restored.append(someReadings(5, 10));
    await central.drain(restored);

    expect(await central.values()).toEqual(valuesOf(15, 0));
  });

  it('that worked on without contact, over several runs, loses and repeats nothing', async () => {
    const central = centralStore();
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(3, 0));
    await central.drain(outbox);
    outbox.append(someReadings(4, 3));
    const backup = crashed(file);
    outbox.append(someReadings(6, 7));
    await central.drain(outbox);
    outbox.close();

    for (let run = 0; run < 3; run += 1) {
      const { outbox: offline } = tempOutbox({ file: backup });
      offline.append(someReadings(4, 13 + run * 4));
      offline.close();
    }
    const { outbox: online } = tempOutbox({ file: backup });
    await central.drain(online);

    expect(await central.values()).toEqual(valuesOf(25, 0));
  });

  it('that is cloned into a second gateway delivers beside the first', async () => {
    const central = centralStore();
    const { outbox: before, file } = tempOutbox();
    before.append(someReadings(4, 0));
    before.close();
    const cloned = join(tempDir(), 'outbox.db');
    copyFileSync(file, cloned);

    const { outbox: first } = tempOutbox({ file });
    const { outbox: second } = tempOutbox({ file: cloned, gateway: 'second-gateway' });
    for (let round = 0; round < 6; round += 1) {
      first.append(someReadings(2, 4 + round * 4));
      second.append(someReadings(2, 6 + round * 4));
      await central.drain(round % 2 === 0 ? first : second, 3);
    }
    await central.drain(first);
    await central.drain(second);

    expect(await central.values()).toEqual(valuesOf(28, 0));
  });

  it('would lose readings as false repetitions if it went on in the stream of the original', async () => {
    const central = centralStore();
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(2, 0));
    const backup = crashed(file);
    outbox.append(someReadings(2, 2));
    await central.drain(outbox);

    const { outbox: restored } = tempOutbox({ file: backup });
    const { stream } = restored.append(someReadings(2, 4));
    const batch = restored.batch('local', { ...ALL, within: [3, 4] });
    const answer = await central.post((batch?.body ?? '').replace(stream, outbox.stream));

    expect(answer).toMatchObject({ stored: [], duplicate: [[3, 4]] });
    expect(await central.values()).toEqual(valuesOf(4, 0));
  });
});
