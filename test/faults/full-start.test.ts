/**
 * A reader that comes back, after a power cut say, on a disk that somebody else has filled to the last byte
 * meanwhile. Its lock, its outbox and its rounds all need room, and the ballast is where it comes from.
 */

import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProgram } from '../support/child-program.ts';
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

test('a reader whose run_dir is full, on a disk of its own, names that and keeps its ballast', async (context) => {
  if (reason !== undefined) context.skip(reason);
  const gateway = await createGateway();
  const reader = await gateway.startReader();
  await reader.line(isAppended);
  reader.kill('SIGTERM');
  await reader.exited;
  const ballast = join(gateway.dir, 'ballast');
  const before = statSync(ballast).size;
  const disk = smallDisk('tmpfs', { mib: 1 });
  disk.fill();

  const refused = startProgram('sensor-main', { env: { ...gateway.env, SENSORGW_RUN_DIR: disk.dir } });
  const { code } = await refused.exited;
  disk.empty();
  const mended = await gateway.startReader({ SENSORGW_RUN_DIR: disk.dir });

  expect({ code, ballast: statSync(ballast).size >= before }).toEqual({ code: 73, ballast: true });
  const said = refused.lines.map(({ text }) => text).join('\n');
  expect(said).toContain(`cannot write in ${disk.dir}: database or disk is full`);
  expect(said).not.toContain(gateway.dir);
  await mended.line(isAppended);
});
