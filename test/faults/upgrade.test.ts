/** An upgrade on a disk that has no room for a copy of the old file: the gateway works on, and says what it lacks. */

import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { noSmallDisk, smallDisk } from '../support/small-disk.ts';
import { createTestWorld } from '../support/test-world.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/databases');
const reason = noSmallDisk();

test.skipIf(reason !== undefined)(
  'a disk without room for a copy does not keep a file from its upgrade',
  async () => {
    const disk = smallDisk('tmpfs', { mib: 8 });
    const file = join(disk.dir, 'store.db');
    copyFileSync(join(FIXTURES, 'store-1.db'), file);
    const world = createTestWorld();

    const store = createSqliteStore({ file, world });

    expect((await store.stream('stream0000000001')).received).toEqual([[1, 10]]);
    await store.close();
    expect(world.recorder.of('database.upgraded')).toMatchObject([
      {
        from: 1,
        backup: { skipped: expect.stringMatching(/^a copy needs \d+ MiB of room, and there are \d MiB$/) },
      },
    ]);
    expect(readdirSync(disk.dir)).toEqual(['store.db']);
  },
);
