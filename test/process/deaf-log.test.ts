/**
 * A log whose disk is full: `/dev/full` refuses every write of a program, as a partition without room does. What
 * journald does with its own full disk is its own affair, and looks to a program like the test of a log that nobody
 * reads.
 */

import { expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { createGateway, seqsOf, upTo } from '../support/gateway.ts';

/** Some rounds of them. */
const READINGS = 100;

test('programs whose log has no room go on, and end cleanly', async () => {
  const gateway = await createGateway();
  const silent = (name: string) =>
    startCommand(
      'sh',
      ['-c', `exec "$0" dist/src/${name}.js >/dev/full 2>/dev/full`, process.execPath],
      gateway.env,
    );

  const api = silent('sensor-api-write');
  const reader = silent('sensor-main');
  await expect
    .poll(async () => (await gateway.stored().catch(() => [])).length, { timeout: 60_000, interval: 200 })
    .toBeGreaterThan(0);
  const first = (await gateway.stored()).length;
  await expect
    .poll(async () => (await gateway.stored()).length, { timeout: 60_000, interval: 200 })
    .toBeGreaterThanOrEqual(first + READINGS);
  reader.kill('SIGTERM');
  const readerExit = await reader.exited;
  api.kill('SIGTERM');
  const apiExit = await api.exited;

  expect([readerExit, apiExit]).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
  await gateway.startApi();
  const { accepted } = await gateway.drain();
  expect(seqsOf(await gateway.stored())).toEqual(upTo(accepted));
});
