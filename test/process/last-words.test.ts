/** What is only in memory goes with the process. Of an end that nobody asked for, too, it must be said what that was. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { createGateway, isEvent } from '../support/gateway.ts';
import { noSmallDisk, smallDisk } from '../support/small-disk.ts';

const reason = noSmallDisk();
/** The outbox, its log, and a ballast. */
const MIB = 24;
const isHeld = isEvent('outbox.held');

async function readerOnFullDisk() {
  const gateway = await createGateway();
  const disk = smallDisk('tmpfs', { mib: MIB });
  const script = join(compileForChild('test/process/failing-reader.ts'), 'test/process/failing-reader.js');
  const reader = startCommand(process.execPath, [script], { ...gateway.env, SENSORGW_DATA_DIR: disk.dir });
  await reader.count(isEvent('round.sampled'), 2);
  disk.fill();
  rmSync(join(disk.dir, 'ballast'), { force: true });
  disk.fill();
  await reader.line(isHeld);
  await reader.count(isEvent('round.sampled'), reader.lines.filter(isEvent('round.sampled')).length + 2);
  return { reader, disk };
}

test('a reader that breaks on a full disk names what it held in memory', async (context) => {
  if (reason !== undefined) context.skip(reason);
  const { reader } = await readerOnFullDisk();

  reader.kill('SIGUSR2');

  expect(await reader.exited).toEqual({ code: 70, signal: null });
  const [dropped] = reader.lines.filter(isEvent('reading.dropped'));
  expect(Number(dropped?.readings)).toBeGreaterThan(Number(reader.lines.find(isHeld)?.readings));
});

test('a reader that breaks when the disk is back keeps what it held in memory', async (context) => {
  if (reason !== undefined) context.skip(reason);
  const { reader, disk } = await readerOnFullDisk();

  reader.kill('SIGSTOP');
  disk.empty();
  reader.kill('SIGUSR2');
  reader.kill('SIGCONT');

  expect(await reader.exited).toEqual({ code: 70, signal: null });
  expect(reader.lines.filter(isEvent('reading.dropped'))).toEqual([]);
  expect(reader.lines.filter(isEvent('outbox.released'))).toHaveLength(1);
});
