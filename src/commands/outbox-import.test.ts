/**
 * A gateway's outbox is exported and imported at another one, which delivers to the same store as the first: over
 * a real write API, so that what is stored twice, lost or changed on the way would be seen.
 */

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { FLAG, type Reading } from '../../lib/flow/reading.ts';
import { normalized } from '../../lib/flow/seq-ranges.ts';
import { createHttpDelivery } from '../../lib/flow/sync/deliver.ts';
import { createWriteApi } from '../../lib/flow/write-api/server.ts';
import { openStoreReadOnly } from '../../lib/flow/write-api/store/sqlite-reader.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { ALL, someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { outboxExport } from './outbox-export.ts';
import { outboxImport } from './outbox-import.ts';

const FROM = 'test-gateway';

async function centralApi() {
  const file = join(tempDir(), 'store.db');
  const world = { ...createTestWorld({ seed: 9_999 }), clock: systemClock };
  const store = createSqliteStore({ file, world });
  const api = createWriteApi({ store, world, version: '9.9.9' });
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  const http = createHttpDelivery({ url: `http://127.0.0.1:${port}` });
  onTestFinished(async () => {
    await http.close();
    await api.close();
    await store.close();
  });
  return {
    port,
    /** As the gateway's own reader would. */
    async drain(outbox: Outbox) {
      for (let batch = outbox.batch('local', ALL); batch !== undefined; batch = outbox.batch('local', ALL)) {
        const outcome = await http.deliver.backfill(batch, 10_000);
        if (outcome.kind !== 'stored') throw new Error(outcome.kind);
        const { stored, duplicate } = outcome.answer;
        outbox.acknowledge('local', batch.stream, normalized([...stored, ...duplicate]));
      }
    },
    async send(outbox: Outbox, lo: number, hi: number) {
      const batch = outbox.batch('local', { ...ALL, within: [lo, hi] });
      if (batch !== undefined) await http.deliver.backfill(batch, 10_000);
    },
    async stored() {
      const reader = openStoreReadOnly(file);
      const found = [];
      for await (const one of reader.readings({ sinceAt: 0 })) found.push(one);
      await reader.close();
      return found.sort((a, b) => a.seq - b.seq || a.stream.localeCompare(b.stream));
    },
  };
}

/** The file of an export, and a gateway of another name to import it at. */
async function exported(
  outbox: Outbox,
  from: { dataDir: string; run: ReturnType<typeof commandRig>['run'] },
) {
  const file = join(tempDir(), 'outbox.ndjson');
  outbox.flush();
  await from.run(outboxExport, { output: file });
  return file;
}

function elsewhere(port: number) {
  const rig = commandRig();
  rig.environment.SENSORGW_GATEWAY = 'somewhere-else';
  rig.environment.SENSORGW_API_PORT = String(port);
  return rig;
}

const answerOf = ({ out }: { out: string[] }) => JSON.parse(out[0] ?? '').destinations[0];

const readings = fc.array(
  fc.record({
    sensor: fc.constantFrom('attic', 'cellar'),
    metric: fc.constantFrom('temperature', 'humidity'),
    unit: fc.constant('celsius'),
    at: fc.integer({ min: 1_700_000_000_000, max: 1_760_000_000_000 }),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
    flags: fc.constantFrom(0, FLAG.suspect),
    monoMs: fc.nat(),
  }) satisfies fc.Arbitrary<Reading>,
  { minLength: 1, maxLength: 40 },
);

describe('sensorctl outbox import', () => {
  it('stores exactly what a drain of the exported outbox would have stored, whatever had arrived before', async () => {
    const [central, other] = [await centralApi(), await centralApi()];
    const target = elsewhere(other.port);
    await fc.assert(
      fc.asyncProperty(readings, fc.nat(40), async (some, arrived) => {
        const rig = commandRig();
        const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
        outbox.append(some);
        const file = await exported(outbox, rig);
        if (arrived > 0) await other.send(outbox, 1, arrived);
        await central.drain(outbox);

        const first = await target.run(outboxImport, { FILE: file, gateway: FROM, json: true });
        const again = await target.run(outboxImport, { FILE: file, gateway: FROM, json: true });

        const there = Math.min(arrived, some.length);
        expect(answerOf(first)).toMatchObject({ stored: some.length - there, duplicate: there, refused: 0 });
        expect(answerOf(again)).toMatchObject({ stored: 0, duplicate: some.length, refused: 0 });
        expect(await other.stored()).toEqual(await central.stored());
        outbox.close();
      }),
      { numRuns: 15 },
    );
  });

  it('keeps what thinned readings stand for', async () => {
    const central = await centralApi();
    const file = join(tempDir(), 'thinned.ndjson');
    const thinned = {
      count: 6,
      min: 1,
      max: 9,
      first: 2,
      last: 8,
      spanMs: 50_000,
      source: 'abcdefgh1',
      lo: 3,
      hi: 40,
    };
    const row = { stream: 'abcdefgh2', seq: 7, sensor: 'attic', metric: 'temperature', unit: 'celsius' };
    writeFileSync(
      file,
      `${JSON.stringify({ ...row, at: '2026-01-15T16:09:35.000Z', value: 5, flags: FLAG.thinned, thinned })}\n`,
    );

    const { exitCode } = await elsewhere(central.port).run(outboxImport, { FILE: file, gateway: 'pi' });

    expect(exitCode).toBe(0);
    expect(await central.stored()).toMatchObject([{ gateway: 'pi', value: 5, thinned }]);
  });

  it('sends nothing of a file that has one bad line, and says where it is', async () => {
    const central = await centralApi();
    const rig = commandRig();
    const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
    outbox.append(someReadings(3));
    const file = await exported(outbox, rig);
    const good = { stream: 'abcdefgh', seq: 1, sensor: 'a', metric: 'b', unit: 'c', at: 1, value: 1 };
    const bad: [line: string, where: RegExp][] = [
      ['{"stream": "abcdefgh", "seq": 1', /:2:\d+: is not JSON/],
      ['[1, 2]', /:2:1: is not a JSON object/],
      [JSON.stringify({ ...good, stream: 'SHOUTED!' }), /:2:2: stream: must be 8 to 64/],
      [JSON.stringify({ ...good, seq: 0 }), /:2:22: seq: must be a seq/],
      [JSON.stringify({ ...good, at: 'yesterday' }), /:2:\d+: at: must be whole milliseconds/],
      [JSON.stringify({ ...good, value: null }), /:2:\d+: value: must be a finite number/],
      [JSON.stringify({ ...good, flags: 999 }), /:2:\d+: flags: must be a whole number/],
      [JSON.stringify({ ...good, flags: FLAG.thinned }), /:2:\d+: flags: must say what it stands for/],
      ['x'.repeat(100_000), /:2: a line of this length is no reading|:2:1: is not JSON/],
    ];

    for (const [line, where] of bad) {
      writeFileSync(file, `${JSON.stringify(good)}\n${line}\n`);
      await expect(elsewhere(central.port).run(outboxImport, { FILE: file })).rejects.toMatchObject({
        code: 'SGW_READING_INVALID',
        exitCode: 65,
        message: expect.stringMatching(where),
      });
    }
    expect(await central.stored()).toEqual([]);
  });

  it('with --dry-run only checks the file', async () => {
    const central = await centralApi();
    const rig = commandRig();
    const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
    outbox.append(someReadings(3));
    const file = await exported(outbox, rig);

    const { out, exitCode } = await elsewhere(central.port).run(outboxImport, {
      FILE: file,
      'dry-run': true,
    });

    expect(out).toEqual([`${file}: good, 3 readings of 1 stream by somewhere-else`]);
    expect(exitCode).toBe(0);
    expect(await central.stored()).toEqual([]);
  });

  it('names the line of a reading that the store refuses, and stores the others', async () => {
    const central = await centralApi();
    const file = join(tempDir(), 'future.ndjson');
    const row = (seq: number, at: string) =>
      JSON.stringify({ stream: 'abcdefgh', seq, sensor: 'a', metric: 'b', unit: 'c', at, value: seq });
    writeFileSync(file, `${row(1, '2026-01-15T16:09:35Z')}\n\n${row(2, '9000-01-01T00:00:00Z')}\n`);

    const { out, notes, exitCode } = await elsewhere(central.port).run(outboxImport, { FILE: file });

    expect(exitCode).toBe(1);
    expect(notes.join()).toMatch(/^line 3: local refuses it: future/);
    expect(out).toEqual(['local: 1 reading stored, 0 readings there already, 1 reading refused']);
  });

  it('says how far it came when the destination cannot take them', async () => {
    const rig = commandRig();
    const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
    outbox.append(someReadings(3));
    const file = await exported(outbox, rig);
    const target = elsewhere(1);
    const stranger = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void stranger.close());
    const address = stranger.address();
    const port = typeof address === 'object' ? address?.port : 0;
    target.environment.SENSORGW_DESTINATIONS = `[{name: local, url: "http://127.0.0.1:${port}"}]`;

    await expect(target.run(outboxImport, { FILE: file })).rejects.toMatchObject({
      code: 'SGW_IMPORT_UNFINISHED',
      exitCode: 75,
      message: expect.stringContaining('everything before line 1'),
    });
  });
});
