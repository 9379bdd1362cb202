import { closeSync, openSync, readdirSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { rawStore, STORE_AT, storeBatch } from '../../../../test/support/raw-store.ts';
import { createTestWorld } from '../../../../test/support/test-world.ts';
import type { BatchRow } from '../../batch.ts';
import { openStoreSafely } from './quarantined-stores.ts';

/** What the listing of a quarantine gives instead of its names; the disk has no other way to refuse it here. */
const listing: { refused: Error | undefined } = { refused: undefined };

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  return {
    ...fs,
    readdirSync(...args: Parameters<typeof fs.readdirSync>) {
      if (listing.refused !== undefined && String(args[0]).endsWith('quarantine')) throw listing.refused;
      return fs.readdirSync(...args);
    },
  };
});

beforeEach(() => {
  listing.refused = undefined;
});

const ROWS = 300;

const plainRow = (seq: number): BatchRow => [seq, 0, STORE_AT + seq * 10_000, seq];

function refusal(code: string): Error {
  return Object.assign(new Error(`${code}: i/o error, scandir`), { code, syscall: 'scandir' });
}

/** A store whose file has just been set aside, with readings to be saved from it. */
async function replacedStore() {
  const before = rawStore();
  await before.store.ingest([storeBatch(Array.from({ length: ROWS }, (_, i) => plainRow(i + 1)))]);
  before.raw.close();
  await before.store.close();
  const handle = openSync(before.file, 'r+');
  writeSync(handle, Buffer.alloc(512, 0xa5), 0, 512, 0);
  closeSync(handle);
  const world = createTestWorld();
  const store = openStoreSafely({ file: before.file, world, onDamage: () => {} });
  onTestFinished(() => store.close());
  const root = join(dirname(before.file), 'quarantine');
  return {
    store,
    dir: join(root, readdirSync(root)[0] ?? ''),
    saved: () => world.recorder.of('store.salvaged').map(({ saved }) => saved),
    failed: () => world.recorder.of('store.salvage_failed'),
  };
}

async function maintained(store: { maintain(): Promise<boolean> }): Promise<void> {
  while (await store.maintain());
}

describe('a quarantine that cannot be listed', () => {
  it('for the disk keeps nobody from working, and is asked again', async () => {
    const { store, saved } = await replacedStore();
    listing.refused = refusal('EIO');
    await maintained(store);
    await store.ingest([storeBatch([plainRow(ROWS + 1)])]);
    expect(saved()).toEqual([]);

    listing.refused = undefined;
    await maintained(store);

    expect(saved()).toEqual([ROWS]);
  });

  it('for any other reason is a bug, and ends the program as one', async () => {
    const { store } = await replacedStore();
    listing.refused = new TypeError('The "path" argument must be of type string');

    await expect(store.maintain()).rejects.toThrow(TypeError);
  });
});

describe('a salvage that is through, and cannot be noted', () => {
  it('is done once more when the disk takes the note, and counts as no failure', async () => {
    const { store, dir, saved, failed } = await replacedStore();
    await store.maintain();
    const note = join(dir, 'salvaged.json');
    symlinkSync('/dev/full', note);
    await expect(maintained(store)).rejects.toMatchObject({ code: 'store_full' });
    rmSync(note);

    await maintained(store);

    expect(saved()).toHaveLength(1);
    expect(failed()).toEqual([]);
    expect(readdirSync(dir)).toContain('salvaged.json');
  });
});
