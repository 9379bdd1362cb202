/**
 * A reader that comes back, after a power cut say, on a disk that somebody else has filled to the last byte
 * meanwhile. Its lock, its outbox and its rounds all need room, and the ballast is where it comes from.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createGateway, isAppended, isStored, seqsOf, upTo } from '../support/gateway.ts';
import { noSmallDisk, type SmallDisk, smallDisk } from '../support/small-disk.ts';

const reason = noSmallDisk();

/** A gateway that has worked for some rounds, and was killed on a disk that is full now. */
async function killedOnFullDisk(disk: SmallDisk) {
  const gateway = await createGateway();
  await gateway.startApi();
  const settings = { SENSORGW_DATA_DIR: disk.dir, SENSORGW_OUTBOX_DISK_RESERVE: '1MiB' };
  const reader = await gateway.startReader(settings);
  await reader.count(isStored, 4);
  reader.kill('SIGKILL');
  await reader.exited;
  disk.fill();
  return { gateway, settings };
}

test('a reader that starts on a full disk spends its ballast, samples and delivers, and has lost nothing', async (context) => {
  if (reason !== undefined) context.skip(reason);
  const disk = smallDisk('ext4', { mib: 24 });
  const { gateway, settings } = await killedOnFullDisk(disk);
  const ballast = join(disk.dir, 'ballast');
  const before = existsSync(ballast);

  const reader = await gateway.startReader(settings);
  await reader.count(isStored, 4);
  const after = existsSync(ballast);
  disk.empty();
  reader.kill('SIGTERM');
  const { code } = await reader.exited;

  expect({ before, after, code }).toEqual({ before: true, after: false, code: 0 });
  const last = reader.lines.filter(isAppended).at(-1);
  const stored = seqsOf(await gateway.stored());
  // The round that was under way at the stop may still wait.
  expect(stored).toEqual(upTo(stored.length));
  expect(stored.length).toBeGreaterThanOrEqual(Number(last?.lo) - 1);
});

test('twin: without the ballast it cannot start there, and says that the disk is full', async (context) => {
  if (reason !== undefined) context.skip(reason);
  const disk = smallDisk('ext4', { mib: 24 });
  const { gateway, settings } = await killedOnFullDisk(disk);
  rmSync(join(disk.dir, 'ballast'));
  disk.fill();

  const started = gateway.startReader(settings);

  await expect(started).rejects.toThrow(/full/);
});
