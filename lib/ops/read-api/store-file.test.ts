/**
 * Goal: who reads the store is not in the way of who stops writing it. Method: a real store, virtual time, and whether
 * the log that a clean stop takes away is gone.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { openStoreLooks } from '../../flow/write-api/store/sqlite-looks.ts';
import { createSqliteStore } from '../../flow/write-api/store/sqlite-store.ts';
import { createStoreFile, IDLE_MS } from './store-file.ts';

/** A store that is written, and somebody who asks for what is in it. */
function asked() {
  const file = join(tempDir(), 'store.db');
  const store = createSqliteStore({ file, world: createTestWorld() });
  const clock = createVirtualClock();
  let openings = 0;
  const read = createStoreFile(file, clock, (name) => {
    openings += 1;
    return openStoreLooks(name);
  });
  onTestFinished(() => read.close());
  return {
    clock,
    read,
    ask: () => read.looks().held(),
    openings: () => openings,
    /** Whether the next start will take it for an unclean stop. */
    async stop() {
      await store.close();
      return existsSync(`${file}-wal`);
    },
  };
}

it('a write API that stops when nobody has asked for a while leaves no log behind', async () => {
  const { clock, ask, stop } = asked();
  ask();
  await clock.advance(IDLE_MS);

  expect(await stop()).toBe(false);
});

it('twin: a connection that is still open keeps the log', async () => {
  const { clock, ask, stop } = asked();
  ask();
  await clock.advance(IDLE_MS - 1);

  expect(await stop()).toBe(true);
});

it('questions that follow each other are answered by one connection, however long that goes on', async () => {
  const { clock, ask, openings } = asked();
  for (let i = 0; i < 100; i += 1) {
    ask();
    await clock.advance(IDLE_MS - 1);
  }
  const atOnce = openings();
  await clock.advance(1);
  ask();

  expect([atOnce, openings()]).toEqual([1, 2]);
});

it('who has closed it waits for nothing', async () => {
  const { clock, read, ask } = asked();
  ask();
  read.close();
  await clock.advance(0);

  expect(clock.sleepers()).toEqual([]);
});
