import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { openDatabase } from '../../base/sqlite.ts';
import { BATCH_ROWS_MAX } from '../reading.ts';
import { createGroupCommit } from './group-commit.ts';
import { type IncomingBatch, type ReadingsStore, StoreFault, type StoreFaultCode } from './readings-store.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './store/schema.ts';
import { openStoreReadOnly } from './store/sqlite-reader.ts';
import { createSqliteStore } from './store/sqlite-store.ts';

/** A real store in which the value 13 breaks the transaction, as a bug of ours would. */
function start() {
  const file = join(tempDir(), 'store.db');
  const sqlite = createSqliteStore({ file, world: createTestWorld() });
  const other = openDatabase({ file, applicationId: STORE_APPLICATION_ID, migrations: STORE_MIGRATIONS });
  other.exec(`CREATE TRIGGER poison BEFORE INSERT ON recent_readings WHEN NEW.value = 13
              BEGIN SELECT RAISE(ABORT, 'thirteen'); END`);
  /** How many batches each transaction had. */
  const commits: number[] = [];
  const counted: ReadingsStore = {
    ...sqlite,
    ingest(batches) {
      commits.push(batches.length);
      return sqlite.ingest(batches);
    },
  };
  onTestFinished(async () => {
    other.close();
    await sqlite.close();
  });
  return { file, other, commits, alone: sqlite, store: createGroupCommit(counted) };
}

const FIRST_AT = 1_000;
const batch = (stream: string | undefined, lo: number, rows = 1, value = 20): IncomingBatch => ({
  stream,
  gateway: 'attic',
  series: [{ gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' }],
  rows: Array.from({ length: rows }, (_, i) => [lo + i, 0, FIRST_AT + lo + i, value] as const),
  refused: [],
  gone: [],
  sources: [],
  corrections: [],
});
const STREAMS = Array.from({ length: 64 }, (_, i) => `teststream${i}`);

async function rowsIn(file: string): Promise<number> {
  const reader = openStoreReadOnly(file);
  let rows = 0;
  for await (const _reading of reader.readings({ sinceAt: 0 })) rows += 1;
  await reader.close();
  return rows;
}

describe('requests of one moment', () => {
  it('share a commit, and each gets the answer that is its own', async () => {
    const { store, commits, file } = start();
    await store.ingest([batch(STREAMS[3], 7)]);

    const answers = await Promise.all(STREAMS.map((stream, i) => store.ingest([batch(stream, 7, i + 1)])));

    expect(commits).toEqual([1, STREAMS.length]);
    for (const [i, [answer, ...others]] of answers.entries()) {
      expect(others).toEqual([]);
      expect(answer).toMatchObject({ stream: STREAMS[i], refused: [] });
      expect(answer?.stored).toEqual(i === 3 ? [[8, 10]] : [[7, 7 + i]]);
    }
    expect(answers[3]?.[0]?.duplicate).toEqual([[7, 7]]);
    expect(await rowsIn(file)).toBe((STREAMS.length * (STREAMS.length + 1)) / 2);
  });

  it('share a commit with those that arrive while another one is under way', async () => {
    const { store, commits } = start();
    let late: Promise<unknown> | undefined;
    const first = store.ingest([batch(STREAMS[0], 1)]).then(() => {
      late = Promise.all(STREAMS.map((stream) => store.ingest([batch(stream, 2)])));
    });

    await first;
    await late;

    expect(commits).toEqual([1, STREAMS.length]);
  });

  it('store a reading once when it comes twice in the same commit', async () => {
    const { store, file } = start();

    const [first, second] = await Promise.all([1, 2].map(() => store.ingest([batch(STREAMS[0], 5)])));

    expect(first).toMatchObject([{ stored: [[5, 5]], duplicate: [] }]);
    expect(second).toMatchObject([{ stored: [], duplicate: [[5, 5]] }]);
    expect(await rowsIn(file)).toBe(1);
  });

  it('number the readings that come without a seq one after the other', async () => {
    const { store } = start();

    const answers = await Promise.all([1, 2, 3].map(() => store.ingest([batch(undefined, 1)])));

    expect(answers.map(([answer]) => answer?.stored)).toEqual([[[1, 1]], [[2, 2]], [[3, 3]]]);
  });

  it('are not stored one by one after a failure of which nobody knows whether they were stored', async () => {
    const { alone, file } = start();
    const failing = (code: StoreFaultCode): ReadingsStore => ({
      ...alone,
      async ingest(batches) {
        await alone.ingest(batches);
        throw new StoreFault(code, 'the answer was lost', undefined);
      },
    });
    const storedBy = async (code: StoreFaultCode) => {
      const before = await rowsIn(file);
      const store = createGroupCommit(failing(code));
      const all = await Promise.allSettled([1, 2, 3].map(() => store.ingest([batch(undefined, 1)])));
      expect(all.every(({ status }) => status === 'rejected')).toBe(true);
      return (await rowsIn(file)) - before;
    };

    expect(await storedBy('store_unreachable')).toBe(3);
    // Any other failure is that of a transaction which was taken back, here against what it says.
    expect(await storedBy('store_io')).toBe(6);
  });

  it('are no more in one commit than the largest request alone may bring', async () => {
    const { store, commits } = start();
    const rows = BATCH_ROWS_MAX / 2;

    await Promise.all(STREAMS.slice(0, 5).map((stream) => store.ingest([batch(stream, 1, rows)])));

    expect(commits).toEqual([2, 2, 1]);
  });
});

describe('a request that breaks the transaction', () => {
  it('fails alone, and all others of its commit are stored', async () => {
    const { store, file } = start();
    const values = STREAMS.map((_stream, i) => (i === 20 ? 13 : 20));

    const results = await Promise.allSettled(
      STREAMS.map((stream, i) => store.ingest([batch(stream, 1, 1, values[i])])),
    );

    const failed = results.flatMap((one, i) => (one.status === 'rejected' ? [[i, String(one.reason)]] : []));
    expect(failed).toEqual([[20, expect.stringContaining('thirteen')]]);
    expect(await rowsIn(file)).toBe(STREAMS.length - 1);
  });

  it('twin: in one call of the store it takes all others with it', async () => {
    const { alone, file } = start();
    const values = STREAMS.map((_stream, i) => (i === 20 ? 13 : 20));

    await expect(alone.ingest(STREAMS.map((stream, i) => batch(stream, 1, 1, values[i])))).rejects.toThrow(
      'thirteen',
    );

    expect(await rowsIn(file)).toBe(0);
  });

  it('is not looked for when somebody else has the store locked: all are told so after one wait', async () => {
    const { store, other, commits } = start();
    other.exec('BEGIN IMMEDIATE');

    const results = await Promise.allSettled(STREAMS.map((stream) => store.ingest([batch(stream, 1)])));
    other.exec('ROLLBACK');
    const [after] = await store.ingest([batch(STREAMS[0], 1)]);

    expect(results.every((one) => one.status === 'rejected' && one.reason.code === 'store_busy')).toBe(true);
    expect(commits).toEqual([STREAMS.length, 1]);
    expect(after?.stored).toEqual([[1, 1]]);
  });
});

it('answers as one commit for each request would, whatever comes together', async () => {
  const request = fc.record({
    stream: fc.constantFrom(undefined, 'streamone', 'streamtwo'),
    lo: fc.integer({ min: 1, max: 12 }),
    rows: fc.integer({ min: 1, max: 6 }),
    value: fc.constantFrom(20, 20, 20, 13),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(request, { minLength: 1, maxLength: 8 }), { maxLength: 4 }),
      async (moments) => {
        const [grouped, single] = [start(), start()];
        for (const moment of moments) {
          const batches = moment.map(({ stream, lo, rows, value }) =>
            batch(stream, stream === undefined ? 1 : lo, rows, value),
          );

          const together = await Promise.allSettled(batches.map((one) => grouped.store.ingest([one])));

          for (const [i, one] of batches.entries()) {
            const [expected] = await Promise.allSettled([single.alone.ingest([one])]);
            const withoutStream = ({
              stored,
              duplicate,
              refused,
            }: {
              stored: unknown;
              duplicate: unknown;
              refused: unknown;
            }) => ({
              stored,
              duplicate,
              refused,
            });
            expect(together[i]?.status).toBe(expected?.status);
            const [ours, theirs] = [together[i], expected].map((settled) =>
              settled?.status === 'fulfilled' ? settled.value.map(withoutStream) : undefined,
            );
            expect(ours).toEqual(theirs);
          }
        }
        expect(await rowsIn(grouped.file)).toBe(await rowsIn(single.file));
      },
    ),
    { numRuns: 25 },
  );
});
