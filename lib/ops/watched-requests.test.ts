/**
 * The heartbeat of a write API: withheld for a request whose store work never settles, whatever else goes on,
 * and for no client however slow. Real HTTP in front of a real store; only one call of the store hangs.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { settle } from '../../test/support/virtual-clock.ts';
import type { ReadingsStore } from '../flow/write-api/readings-store.ts';
import { createWriteApi } from '../flow/write-api/server.ts';
import { createSqliteStore } from '../flow/write-api/store/sqlite-store.ts';
import { createWatchedStore } from '../flow/write-api/watched-store.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createLiveness } from './liveness.ts';

const PATIENCE_MS = 30_000;
const WATCHDOG_MS = 30_000;

/** Readings of a sensor `stuck` never come back from the store. `watched`: as the program has it. */
async function running({ watched = true } = {}) {
  const world = createTestWorld();
  const { clock } = world;
  const liveness = createLiveness(clock);
  const sqlite = createSqliteStore({ file: join(tempDir(), 'store.db'), world });
  const hanging: ReadingsStore = {
    ...sqlite,
    ingest: (batches) =>
      batches[0]?.series[0]?.sensor === 'stuck' ? new Promise(() => {}) : sqlite.ingest(batches),
  };
  const store = watched ? createWatchedStore(hanging, { clock, pulse: liveness }) : hanging;
  const api = createWriteApi({ store, world, version: '1.0.0' });
  const beats: number[] = [];
  const withheld: string[] = [];
  const heartbeat = createHeartbeat({
    clock,
    liveness,
    supervisor: {
      watchdogMs: WATCHDOG_MS,
      extendStart() {},
      ready() {},
      heartbeat: () => void beats.push(clock.monotonicMs()),
      status() {},
      stopping() {},
      hangs: false,
    },
    statusLine: () => '',
    onWithheld: (stuck) => void withheld.push(stuck.map(({ loop }) => loop).join(', ')),
  });
  void heartbeat.run();
  onTestFinished(async () => {
    heartbeat.stop();
    await sqlite.close();
  });
  const post = (sensor: string) =>
    api.app.inject({
      method: 'POST',
      url: '/api/v1/readings',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ sensor, metric: 'temperature', value: 21 }),
    });
  /** Sends a reading that hangs; resolves when the store has it. */
  const hang = async () => {
    void post('stuck');
    // Another one goes all the way through behind it.
    await post('roof');
    await settle();
  };
  return { api, clock, beats, withheld, post, hang };
}

it('a request whose store work never settles withholds the heartbeat, and is named', async () => {
  const { clock, withheld, beats, hang } = await running();

  await hang();
  await clock.advance(PATIENCE_MS + WATCHDOG_MS);

  expect(withheld[0]).toMatch(/^ingest \d+$/);
  expect(beats.every((atMono) => atMono <= PATIENCE_MS)).toBe(true);
});

it('requests that are answered meanwhile do not speak for it', async () => {
  const { clock, withheld, post, hang } = await running();

  await hang();
  for (let second = 0; second < 40; second += 1) {
    expect((await post('roof')).statusCode).toBe(200);
    await clock.advance(1_000);
  }

  expect(withheld.length).toBeGreaterThan(0);
});

it('twin: without the watch the heartbeat goes on over a request that hangs for ever', async () => {
  const { clock, withheld, beats, hang } = await running({ watched: false });

  await hang();
  await clock.advance(10 * PATIENCE_MS);

  expect(withheld).toEqual([]);
  expect(beats.at(-1)).toBe(10 * PATIENCE_MS);
});

it('work that is done, answered with a problem, or refused by a store that is closed leaves nothing behind', async () => {
  const { clock, withheld, post, api } = await running();

  await post('roof');
  await post('NOT A NAME');
  await api.app.inject({ url: '/health' });
  await api.app.inject({ url: '/api/v1/streams/unknownstream' });
  await clock.advance(10 * PATIENCE_MS);

  expect(withheld).toEqual([]);
});

it('a client that sends half of a request and then nothing keeps nobody from beating', async () => {
  const { clock, withheld, beats, api } = await running();
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  const slow = connect(port, '127.0.0.1');
  onTestFinished(async () => {
    slow.destroy();
    await api.close();
  });
  await once(slow, 'connect');
  const arrived = once(api.app.server, 'request');
  slow.write('POST /api/v1/readings HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n');
  slow.write('content-length: 100\r\n\r\n{"sensor":');
  await arrived;

  await clock.advance(10 * PATIENCE_MS);

  expect(withheld).toEqual([]);
  expect(beats.at(-1)).toBe(10 * PATIENCE_MS);
});
