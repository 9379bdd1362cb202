/**
 * The audit of the crash tests, shown every kind of broken promise in real files: what it does not find
 * there, a thousand kills would not show either.
 */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../lib/base/sqlite.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from '../../lib/flow/outbox/schema.ts';
import type { SeqRanges } from '../../lib/flow/seq-ranges.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../lib/flow/write-api/store/schema.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { someReadings, tempOutbox } from '../support/temp-outbox.ts';
import { createTestWorld } from '../support/test-world.ts';
import { audit, remember } from './audit.ts';
import { outboxBooks, storeBooks } from './books.ts';

const ROWS = 10;
/** Of them, so many have been stored and acknowledged. */
const STORED = 6;

/** What is done to the files behind the programs' back -> what must be found. */
const FRAUDS: readonly { title: string; outbox?: string; store?: string; found: RegExp }[] = [
  {
    title: 'a reading that is neither in the outbox nor in the store',
    outbox: 'DELETE FROM readings WHERE seq = 8',
    found: /^lost: 8 /,
  },
  {
    title: 'an accepted round that the outbox has forgotten altogether',
    outbox: 'DELETE FROM readings WHERE seq > 8; UPDATE streams SET next_seq = 9',
    found: /^accepted, and the outbox knows nothing of it: 9-10 /,
  },
  {
    title: 'an acknowledgement of what is not stored',
    outbox: "UPDATE acknowledged SET hi = 7 WHERE destination = 'local'",
    found: /^acknowledged, but not stored: 7 /,
  },
  {
    title: 'a reading stored twice',
    store:
      'INSERT INTO readings SELECT series, at + 1, stream, seq, value, flags FROM all_readings WHERE seq = 3',
    found: /^stored twice: \S+ 3$/,
  },
  {
    title: 'a wrong value in the store',
    store: 'UPDATE recent_readings SET value = value + 1e-12 WHERE seq = 3',
    found: /^stored as .* 3$/,
  },
  {
    title: 'a wrong value in the outbox',
    outbox: 'UPDATE readings SET value = value + 1e-12 WHERE seq = 9',
    found: /^changed in the outbox .* 9$/,
  },
  {
    title: 'a reading called received that is not there',
    store: 'DELETE FROM recent_readings WHERE seq = 3',
    found: /^called received, but not stored: 3 /,
  },
  {
    title: 'a reading that is there and not called received',
    store: 'UPDATE received SET hi = 5',
    found: /^stored, but not called received: 6 /,
  },
  {
    title: 'a reading that nobody has ever accepted',
    store: `INSERT INTO readings SELECT series, at, stream, 99, value, flags FROM all_readings WHERE seq = 3;
            INSERT INTO received SELECT stream, 99, 99 FROM received`,
    found: /^stored, but never accepted: 99 /,
  },
];

test('an honest gateway passes the audit, half delivered and with every value compared', async () => {
  const { evidence } = await halfDelivered();

  expect(evidence()).toEqual({
    problems: [],
    accepted: ROWS,
    stored: STORED,
    buried: 0,
    gone: 0,
    compared: STORED,
  });
});

test.for(FRAUDS.map((fraud) => [fraud.title, fraud] as const))(
  'the audit finds %s',
  async ([, { outbox, store, found }]) => {
    const { dir, evidence } = await halfDelivered();
    if (outbox !== undefined)
      tamper(join(dir, 'outbox.db'), OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS, outbox);
    if (store !== undefined) tamper(join(dir, 'store.db'), STORE_APPLICATION_ID, STORE_MIGRATIONS, store);

    expect(evidence().problems).toEqual(expect.arrayContaining([expect.stringMatching(found)]));
  },
);

test('a reading that has left is accounted for once the ledger or the dead letters name it', async () => {
  const { dir, evidence } = await halfDelivered();
  tamper(
    join(dir, 'outbox.db'),
    OUTBOX_APPLICATION_ID,
    OUTBOX_MIGRATIONS,
    `INSERT INTO gone (stream, lo, hi, cause, at) SELECT id, 8, 8, 'shed', 0 FROM streams;
     INSERT INTO dead_letters SELECT 'local', 9, id, '', '', '', 0, 0, 0, 0, '', '', '', 0, NULL, 0 FROM streams;
     DELETE FROM readings WHERE seq IN (8, 9)`,
  );

  expect(evidence()).toMatchObject({ problems: [], buried: 1, gone: 1 });
});

/** Both files with their owners gone, and what a witness remembers of the outbox. */
async function halfDelivered() {
  const dir = tempDir();
  const world = createTestWorld();
  const { outbox } = tempOutbox({ file: join(dir, 'outbox.db'), world });
  const { stream, lo, hi } = outbox.append(someReadings(ROWS));
  const seen = new Map<string, string>();
  remember(seen, outboxBooks(dir).rows);

  const store = createSqliteStore({ file: join(dir, 'store.db'), world });
  const readings = someReadings(STORED);
  await store.ingest([
    {
      stream,
      gateway: 'test-gateway',
      series: readings.map(({ sensor, metric, unit }) => ({ gateway: 'test-gateway', sensor, metric, unit })),
      rows: readings.map(({ at, value }, index) => [index + 1, index, at, value] as const),
      refused: [],
      gone: [],
      sources: [],
      corrections: [],
    },
  ]);
  await store.close();
  // Nothing but a gap would keep rows back once they are acknowledged, and here they are to stay.
  outbox.acknowledge('local', stream, [[2, STORED]]);
  outbox.close();

  const accepted = new Map<string, SeqRanges>([[stream, [[lo, hi]]]]);
  return {
    dir,
    evidence: () => audit({ accepted, seen, outbox: outboxBooks(dir), store: storeBooks(dir) }),
  };
}

function tamper(file: string, applicationId: number, migrations: readonly string[], sql: string): void {
  const database = openDatabase({ file, applicationId, migrations });
  database.exec(sql);
  database.close();
}
