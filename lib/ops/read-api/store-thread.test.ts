import { once } from 'node:events';
import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compileForChild } from '../../../test/support/compiled.ts';
import { createStoreRig, ROOF } from '../../../test/support/store-rig.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { systemClock } from '../../base/clock.ts';
import { openDatabase } from '../../base/sqlite.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from '../../flow/write-api/store/schema.ts';
import { createLiveness } from '../liveness.ts';
import { createStoreThread, type StoreThreadOptions } from './store-thread.ts';

const AT = Date.UTC(2026, 0, 15, 16, 9, 35);

/** The real thread, over what the compiler makes of it. */
function startThread(file: string, more: Partial<StoreThreadOptions> = {}) {
  const worker = more.worker ?? compiledWorker();
  const liveness = createLiveness(systemClock);
  const thread = createStoreThread({ file, clock: systemClock, pulse: liveness, ...more, worker });
  onTestFinished(() => thread.close());
  return { ...thread, liveness, thread };
}

function compiledWorker(): URL {
  const dir = compileForChild('lib/ops/read-api/store-worker.ts');
  return pathToFileURL(join(dir, 'lib/ops/read-api/store-worker.js'));
}

/** A thread that does what its source says. */
function worker(source: string): URL {
  const file = join(tempDir(), 'worker.mjs');
  writeFileSync(file, `import { parentPort } from 'node:worker_threads';\n${source}`);
  return pathToFileURL(file);
}

const series = { limit: 10 };

describe('the thread that reads the store', () => {
  it('answers while the store is written, made, replaced, damaged and restored', async () => {
    const rig = createStoreRig();
    const dir = tempDir();
    const file = join(dir, 'store.db');
    const { ask } = startThread(file);

    await expect(ask('series', series)).rejects.toMatchObject({ code: 'SGW_DATABASE_MISSING' });
    await rig.put(ROOF, [[AT, 20]]);
    await rig.close();
    copyFileSync(rig.file, file);
    expect(await ask('series', series)).toEqual([{ id: 1, ...ROOF }]);
    expect(await ask('latest', [1])).toMatchObject([{ at: AT, value: 20, streamName: 'rigstream' }]);

    writeFileSync(join(dir, 'damaged'), 'this was never a database, '.repeat(400));
    renameSync(join(dir, 'damaged'), file);
    await expect(ask('series', series)).rejects.toMatchObject({ code: 'store_corrupt' });

    rmSync(file);
    await expect(ask('held')).rejects.toMatchObject({ code: 'SGW_DATABASE_MISSING' });
    copyFileSync(rig.file, file);
    expect(await ask('series', series)).toHaveLength(1);
  });

  it('says of an older, a newer, a misled and a foreign store what it is', async () => {
    const dir = tempDir();
    const place = (name: string) => join(dir, `${name}.db`);
    const [older, newer, misled, foreign] = [
      place('older'),
      place('newer'),
      place('misled'),
      place('foreign'),
    ];
    const applicationId = STORE_APPLICATION_ID;
    openDatabase({ file: older, applicationId, migrations: STORE_MIGRATIONS.slice(0, 2) }).close();
    const tomorrow = [...STORE_MIGRATIONS, 'CREATE TABLE tomorrow (id)'];
    openDatabase({ file: newer, applicationId, migrations: tomorrow }).close();
    openDatabase({ file: misled, applicationId, migrations: [...STORE_MIGRATIONS, 'SELECT 1'] }).close();
    openDatabase({ file: foreign, applicationId: 7, migrations: ['CREATE TABLE other (id)'] }).close();
    const worker = compiledWorker();
    const told = (file: string) => startThread(file, { worker }).ask('held');

    await expect(told(older)).rejects.toMatchObject({
      code: 'SGW_DATABASE_MISSING',
      message: expect.stringContaining('has schema 2, and reading it needs'),
    });
    await expect(told(newer)).rejects.toMatchObject({ code: 'SGW_SCHEMA_TOO_NEW' });
    await expect(told(misled)).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining('has the tables of ours'),
    });
    await expect(told(foreign)).rejects.toMatchObject({ code: 'SGW_DATABASE_FOREIGN' });
  });

  it('is replaced when it does not answer, and its end is waited for', async () => {
    const stuck = worker("parentPort.on('message', () => { for (;;) {} });");
    const { ask, liveness, thread } = startThread('store.db', { worker: stuck, lookMaxMs: 50 });

    await expect(ask('held')).rejects.toMatchObject({
      code: 'store_io',
      message: expect.stringContaining('has not answered for 50 ms'),
    });
    // One that only computes can be ended; the promise for it is released then.
    while (thread.hangs)
      await once(new EventTarget(), 'never', { signal: AbortSignal.timeout(1) }).catch(() => {});

    expect(liveness.overdue()).toEqual([]);
    await expect(ask('held')).rejects.toMatchObject({ code: 'store_io' });
  });

  it('is started anew when it has died', async () => {
    const mortal = worker(
      "parentPort.on('message', ({ id, name }) => { if (name !== 'latest') process.exit(1); parentPort.postMessage({ id, result: [] }); });",
    );
    const { ask } = startThread('store.db', { worker: mortal });

    await expect(ask('held')).rejects.toMatchObject({
      code: 'store_io',
      message: expect.stringContaining('ended'),
    });

    expect(await ask('latest', [])).toEqual([]);
  });

  it('takes no more than it can hold, and nothing after its end', async () => {
    const silent = worker(
      "parentPort.on('message', (request) => { if (request === 'close') process.exit(); });",
    );
    const { ask, thread } = startThread('store.db', { worker: silent });
    const waiting = Array.from({ length: 32 }, () => ask('held'));
    const ends = Promise.allSettled(waiting);

    await expect(ask('held')).rejects.toMatchObject({ code: 'store_busy' });
    await thread.close();

    await expect(ask('held')).rejects.toMatchObject({ code: 'store_closed' });
    for (const end of await ends)
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'store_closed' } });
  });
});
