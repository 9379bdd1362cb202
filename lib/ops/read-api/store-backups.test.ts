/**
 * Copies of a store at work, by the real thread, through the read API as a client asks for them: whole, as of one
 * moment, one at a time, and gone without a trace whatever ends first.
 */

import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { get as getHttp } from 'node:http';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { startBackups } from '../../../test/support/backup-rig.ts';
import { createStoreRig, ROOF, type StoreRig } from '../../../test/support/store-rig.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { StoreBackupsOptions } from './store-backups.ts';

const AT = Date.UTC(2026, 0, 15, 16, 9, 35);
const PATH = '/api/v1/backup';

async function start(rig: StoreRig, more: Partial<StoreBackupsOptions> = {}) {
  const { url, ...started } = await startBackups(rig, more);
  /** What lies beside the store and its log. */
  const leftovers = () =>
    readdirSync(dirname(rig.file)).filter((name) => !/^store\.db(-wal|-shm)?$/.test(name));
  return { ...started, url: url + PATH, leftovers };
}

async function filled(rows: number): Promise<StoreRig> {
  const rig = createStoreRig();
  for (let from = 0; from < rows; from += 4_000)
    await rig.put(
      ROOF,
      Array.from({ length: Math.min(4_000, rows - from) }, (_, i) => [AT + (from + i) * 1_000, i] as const),
    );
  return rig;
}

/** Opens the copy as anybody would. */
function countIn(bytes: Uint8Array): unknown {
  const file = join(tempDir(), 'copy.db');
  writeFileSync(file, bytes);
  const database = new Database(file, { readonly: true });
  const found = {
    check: database.pragma('quick_check', { simple: true }),
    journal: database.pragma('journal_mode', { simple: true }),
    readings: database.prepare('SELECT count(*) FROM all_readings').pluck().get(),
    received: database.prepare('SELECT sum(hi - lo + 1) FROM received').pluck().get(),
  };
  database.close();
  return found;
}

it('what is left of an earlier copy and cannot be removed fails the next ones, and nothing else', async () => {
  const rig = await filled(10);
  // As a file on a disk that is read-only by now: what removes files does not remove it.
  mkdirSync(join(dirname(rig.file), 'store-download.db'));
  const { url } = await start(rig);

  const codes = [];
  for (let i = 0; i < 2; i += 1) codes.push(((await (await fetch(url)).json()) as { code: string }).code);

  // The second is not told that the first is still on its way.
  expect(codes).toEqual(['store_io', 'store_io']);
});

it('a copy is whole and as of one moment while readings come in, and says its digest', async () => {
  const rig = await filled(20_000);
  const { url, leftovers } = await start(rig);
  let more = 0;
  let asking = true;
  const storing = (async () => {
    for (; asking; more += 1) {
      await rig.put(ROOF, [[AT - more, 1]]);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();

  const answer = await fetch(url);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  asking = false;
  await storing;

  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-disposition')).toMatch(
    /^attachment; filename="store-\d{8}T\d{6}Z\.db"$/,
  );
  expect(answer.headers.get('repr-digest')).toBe(
    `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`,
  );
  const { readings, received, ...rest } = countIn(bytes) as Record<'readings' | 'received', number>;
  expect(rest).toEqual({ check: 'ok', journal: 'delete' });
  expect(readings).toBe(received);
  expect(readings).toBeGreaterThanOrEqual(20_000);
  expect(readings).toBeLessThanOrEqual(20_000 + more);
  expect(leftovers()).toEqual([]);
});

it('there is one at a time; the next is made when that one has been taken or left', async () => {
  const { url, leftovers } = await start(await filled(40_000));
  // It takes the head of the answer and none of the copy.
  const first = getHttp(url);
  const [answer] = await once(first, 'response');

  const second = await fetch(url);
  answer.destroy();
  await once(answer, 'close');
  let third = await fetch(url);
  // The server hears of it a moment later.
  while (third.status === 503) third = await fetch(url);

  expect(second.status).toBe(503);
  expect(second.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await second.json()).toMatchObject({ code: 'backup_running' });
  expect(countIn(new Uint8Array(await third.arrayBuffer()))).toMatchObject({ check: 'ok', readings: 40_000 });
  expect(leftovers()).toEqual([]);
});

it('a client that leaves while it is made ends it, and nothing of it stays', async () => {
  const { url, leftovers, backups, refused } = await start(await filled(100_000));
  const leaving = new AbortController();
  const asked = fetch(url, { signal: leaving.signal });
  while (leftovers().length === 0) await new Promise((resolve) => setImmediate(resolve));

  leaving.abort();

  await expect(asked).rejects.toThrow(/abort/);
  while (backups.hangs || leftovers().length > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await fetch(url)).toMatchObject({ status: 200 });
  expect(refused.map(({ code }) => code)).not.toContain('internal');
});

it('a client that takes it too slowly is cut off, and the next gets one', async () => {
  const late = new EventEmitter();
  const sleep: Clock['sleep'] = (name, ms, signal) =>
    name === 'backup download' ? once(late, 'now').then(() => {}) : systemClock.sleep(name, ms, signal);
  // More than the kernel takes on its way to a client that reads nothing.
  const { url, refused } = await start(await filled(400_000), { clock: { ...systemClock, sleep } });
  const [slow] = await once(getHttp(url), 'response');

  late.emit('now');
  // That it was aborted is told as an error.
  await new Promise((resolve) =>
    slow
      .on('error', () => {})
      .once('close', resolve)
      .resume(),
  );
  const next = await fetch(url);

  expect(slow.statusCode).toBe(200);
  expect(slow.complete).toBe(false);
  expect(refused.map(({ code }) => code)).toEqual(['backup_timeout']);
  expect(next.status).toBe(200);
  await next.body?.cancel();
});

it('without room for it beside the reserve there is none, and the disk is as it was', async () => {
  const { url, leftovers } = await start(await filled(100), { reserveBytes: Number.MAX_SAFE_INTEGER });

  const answer = await fetch(url);

  expect(answer.status).toBe(507);
  expect(await answer.json()).toMatchObject({
    code: 'backup_no_room',
    detail: expect.stringMatching(/^\d+ bytes are free, \d+ are needed, and \d+ stay free$/),
  });
  expect(leftovers()).toEqual([]);
});

it('a store that is missing is said to be, and what an earlier run left is removed', async () => {
  const rig = await filled(1);
  const dir = tempDir();
  writeFileSync(join(dir, 'store-download.db.part'), 'half of it');
  const { url } = await start(rig, { file: join(dir, 'store.db'), dir });

  const answer = await fetch(url);

  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ code: 'store_missing' });
  expect(readdirSync(dir)).toEqual([]);
});

it.each([
  ['a page asks', { origin: 'https://evil.example' }],
  ['a browser says that a page asks', { 'sec-fetch-site': 'cross-site' }],
])('none is made because %s', async (_who, headers) => {
  const { url } = await start(await filled(1));

  // As a browser would: fetch leaves these headers out.
  const [answer] = await once(getHttp(url, { headers }), 'response');
  answer.resume();

  expect(answer.statusCode).toBe(403);
});

it('HEAD makes none', async () => {
  const { url, backups } = await start(await filled(1));

  const answer = await fetch(url, { method: 'HEAD' });

  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/vnd.sqlite3');
  expect(backups.hangs).toBe(false);
});

it('closing gives up what is being made', async () => {
  const { url, backups, leftovers } = await start(await filled(100_000));
  const asked = fetch(url);
  while (leftovers().length === 0) await new Promise((resolve) => setImmediate(resolve));

  await backups.close();

  expect(await (await asked).json()).toMatchObject({ code: 'store_closed' });
  expect(backups.hangs).toBe(false);
  expect(leftovers()).toEqual([]);
});
