/**
 * A disk whose every sync takes two seconds, as a worn-out card does: the reader is late, because a round is
 * only accepted once it is on the disk, but it loses nothing and its supervisor never takes it for dead.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Line, startCommand } from '../support/child-program.ts';
import { createGateway, isAppended, isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const SYNC_MS = 2_000;
/** A quarter of what the unit allows: room for four syncs between two beats. */
const WATCHDOG_MS = 8_000;
const BEATS = 5;

test('a disk whose every sync takes two seconds delays rounds, loses none, and starves no watchdog', async (context) => {
  const reason = whyNotSlow();
  if (reason !== undefined) context.skip(reason);
  const place = tempDir();
  const socket = join(place, 'notify');
  const systemd = startCommand('python3', [join(ROOT, 'test/support/notify-listener.py'), socket]);
  await systemd.line((line) => line.text === 'LISTENING');
  const gateway = await createGateway();
  await gateway.startApi();

  const slow = join(place, 'slow');
  const reader = await gateway.startReader({
    LD_PRELOAD: slowSync(place),
    SLOW_SYNC_MS: String(SYNC_MS),
    SLOW_SYNC_WHILE: slow,
    NOTIFY_SOCKET: socket,
    WATCHDOG_USEC: String(WATCHDOG_MS * 1_000),
  });
  await reader.count(isStored, 2);
  writeFileSync(slow, '');
  await reader.line(tookLong);
  const beatsBefore = systemd.lines.filter(isBeat).length;
  // As a supervisor does it: each beat must come before the time of the last one is over.
  for (let beat = 1; beat <= BEATS; beat += 1) {
    const came = systemd.count(isBeat, beatsBefore + beat).then(() => 'beat');
    expect(await Promise.race([came, sleep(WATCHDOG_MS, 'starved')]), `beat ${beat}`).toBe('beat');
  }
  const slowRounds = reader.lines.filter(tookLong).length;
  rmSync(slow);
  const { accepted } = await gateway.finish(reader);

  expect(slowRounds).toBeGreaterThan(BEATS / 2);
  expect(reader.lines.some(isEvent('round.skipped'))).toBe(true);
  expect(seqsOf(await gateway.stored())).toEqual(upTo(accepted));
});

const isBeat = (line: Line) => line.text === 'WATCHDOG=1';
const tookLong = (line: Line) => isAppended(line) && Number(line.durationMs) >= SYNC_MS;

function slowSync(place: string): string {
  const library = join(place, 'slow-sync.so');
  const source = join(ROOT, 'test/support/slow-sync.c');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  return library;
}

function whyNotSlow(): string | undefined {
  if (spawnSync('cc', ['--version']).status !== 0) return 'there is no C compiler';
  return existsSync(join(ROOT, 'node_modules/sd-notify/build'))
    ? undefined
    : 'the sd-notify addon is not built';
}
