/** What a reader tells of itself, wired as it always is, on time that the test lets pass. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loggerTo } from '../../test/support/logger-to.ts';
import { createSeededRandom } from '../../test/support/seeded-random.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { tempOutbox } from '../../test/support/temp-outbox.ts';
import { createVirtualClock, settle } from '../../test/support/virtual-clock.ts';
import { loadConfig } from './config.ts';
import { OUTBOX_FILE, READER } from './names.ts';
import { startReader } from './reader.ts';
import { realSurroundings } from './surroundings.ts';

/** A reader that is started on the outbox of `dir`. Returns the lines that it tells the supervisor. */
async function startedReader(dir: string, destinations: string): Promise<string[]> {
  const clock = createVirtualClock();
  const told: string[] = [];
  const nothing = () => {};
  const { config } = loadConfig({
    environment: {
      SENSORGW_GATEWAY: 'test-gateway',
      SENSORGW_DATA_DIR: dir,
      SENSORGW_RUN_DIR: join(dir, 'run'),
      SENSORGW_CLOCK_TRUST: 'always',
      SENSORGW_SOURCES: '[{type: simulated}]',
      SENSORGW_DESTINATIONS: destinations,
    },
    hostName: 'test',
    usualFile: join(dir, 'no-such-file'),
  });
  const reader = await startReader({
    config,
    clock,
    random: createSeededRandom(1),
    log: loggerTo(nothing),
    supervisor: {
      watchdogMs: undefined,
      hangs: false,
      extendStart: nothing,
      ready: nothing,
      heartbeat: nothing,
      status: (line) => told.push(line),
      stopping: nothing,
    },
    pid: process.pid,
    bootId: () => 'boot-1',
    suspendedMs: () => 0,
    stopping: new AbortController().signal,
    surroundings: realSurroundings,
  });
  onTestFinished(() => reader.stop());
  // Its loops have had their first turn, and no time has passed.
  await settle();
  return told;
}

it('of a breaker that was held before it started: from the first beat, and apart from one that fails', async () => {
  const dir = tempDir();
  const { outbox } = tempOutbox({ file: join(dir, OUTBOX_FILE), destinations: ['local', 'remote'] });
  const record = {
    state: 'open',
    streak: 0,
    step: 0,
    reason: 'upgrade',
    sinceAt: 0,
    nextTryAt: null,
  } as const;
  outbox.saveBreaker('remote', { ...record, held: true });
  outbox.close();

  const [first] = await startedReader(
    dir,
    '[{name: local, url: "http://127.0.0.1:9"}, {name: remote, url: "http://127.0.0.1:9"}]',
  );

  expect(first).toMatch(/^open \(held\), /);
  expect(JSON.parse(readFileSync(join(dir, 'run', `${READER}.health.json`), 'utf8'))).toMatchObject({
    status: expect.stringMatching(/^open \(held\), /),
    breaker: 'open',
    breakers: { local: 'closed', remote: 'open' },
    breaker_transitions: { opened: 0 },
  });
});
