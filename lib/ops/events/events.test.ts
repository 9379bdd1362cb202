import { renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { compileForChild } from '../../../test/support/compiled.ts';
import { createEventListener } from '../../../test/support/event-listener.ts';
import { createPaperBook } from '../../../test/support/paper-book.ts';
import { createSeededRandom } from '../../../test/support/seeded-random.ts';
import { createStoreRig, ROOF } from '../../../test/support/store-rig.ts';
import { tempOutbox } from '../../../test/support/temp-outbox.ts';
import { systemClock } from '../../base/clock.ts';
import type { BreakerState } from '../../flow/flow-event.ts';
import { createLiveness } from '../liveness.ts';
import { createReadApi } from '../read-api/server.ts';
import { createFeed } from './feed.ts';
import { CLIENTS_MAX, HISTORY_BYTES_MAX } from './limits.ts';

const WORKER = 'lib/ops/events/event-worker';
const CELLAR = { ...ROOF, sensor: 'cellar' };

/** A store, an outbox and tickets, followed for real and told over HTTP. */
async function eventRig({ seed = 1 } = {}) {
  const random = createSeededRandom(seed);
  const rig = createStoreRig();
  const { outbox, file } = tempOutbox();
  const paper = createPaperBook();
  const disk = { refuses: false };
  const book = {
    ...paper,
    changesAfter(id: number, limit: number) {
      if (disk.refuses) throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
      return paper.changesAfter(id, limit);
    },
  };
  const feed = createFeed({
    files: { store: rig.file, outbox: file },
    worker: pathToFileURL(join(compileForChild(`${WORKER}.ts`), `${WORKER}.js`)),
    book,
    clock: systemClock,
    random,
    pulse: createLiveness(systemClock),
    lookEveryMs: 20,
  });
  const run = feed.loop.run();
  const api = createReadApi({
    ask: rig.ask,
    clock: systemClock,
    program: 'sensor-monitor',
    version: '1.2.3',
    events: feed,
    onRefused: () => {},
  });
  const { url } = await api.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    feed.loop.stop();
    await run;
    await feed.close();
    await api.close();
    await rig.close();
  });
  let at = systemClock.wallMs();
  let value = 0;
  let isOpen = false;
  return {
    url: `${url}/api/v1/events`,
    rig,
    book,
    disk,
    feed,
    random,
    listen: (query = '') => createEventListener(`${url}/api/v1/events${query}`),
    async put(series = ROOF, count = 1) {
      const rows = Array.from({ length: count }, () => {
        [at, value] = [at + 1_000, value + 1];
        return [at, value] as const;
      });
      await rig.put(series, rows);
    },
    moveBreaker() {
      const state: BreakerState = isOpen ? 'closed' : 'open';
      isOpen = !isOpen;
      const record = { state, streak: 0, step: 0, reason: 'test', held: false, nextTryAt: null };
      outbox.saveBreaker('local', { ...record, sinceAt: at });
    },
  };
}

const values = (heard: readonly { event: string; data: unknown }[]) =>
  heard.filter(({ event }) => event === 'reading').map(({ data }) => (data as { value: number }).value);

it('a reading, a breaker and a ticket are told as they happen, each with what it is about', async () => {
  const { listen, put, moveBreaker, book } = await eventRig();
  const listener = listen();
  await listener.connect();
  await listener.until(() => listener.lastId !== undefined);

  await put();
  await listener.until((heard) => heard.length === 1);
  moveBreaker();
  await listener.until((heard) => heard.length === 2);
  book.write('opened', { key: 'sensor_silent:roof' }, 1);
  await listener.until((heard) => heard.length === 3);

  expect(listener.heard).toMatchObject([
    { event: 'reading', data: { ...ROOF, value: 1, flags: 0, stream: 'rigstream', seq: 1 } },
    { event: 'breaker', data: { destination: 'local', from: 'closed', to: 'open', reason: 'test' } },
    { event: 'ticket', data: { change: 'opened', ticket: { key: 'sensor_silent:roof', state: 'open' } } },
  ]);
});

it('tickets that could not be read when the first client came are told as a reset, and followed', async () => {
  const { listen, put, book, disk } = await eventRig();
  disk.refuses = true;
  const listener = listen();
  await listener.connect();
  await listener.until(() => listener.lastId !== undefined);
  book.write('opened', { key: 'disk_refuses' }, 1);
  await put();
  await listener.until((heard) => heard.length === 1);

  disk.refuses = false;
  await put();
  await listener.until((heard) => values(heard).length === 2);
  await put();
  await listener.until((heard) => values(heard).length === 3);
  book.write('opened', { key: 'sensor_silent:roof' }, 2);
  await listener.until((heard) => heard.at(-1)?.event === 'ticket');

  const told = listener.heard.filter(({ event }) => event !== 'reading');
  expect(told).toMatchObject([
    { event: 'reset', data: { reason: 'the tickets could not be read for a while' } },
    { event: 'ticket', data: { ticket: { key: 'sensor_silent:roof' } } },
  ]);
});

it('a client that drops and comes back at any moment hears everything once, in order', async () => {
  const { listen, put, moveBreaker, book, rig, random } = await eventRig({ seed: 7 });
  const [steady, flighty] = [listen(), listen()];
  await Promise.all([steady.connect(), flighty.connect()]);
  await steady.until(() => steady.lastId !== undefined);
  await flighty.until(() => flighty.lastId !== undefined);
  let changes = 0;

  for (let round = 0; round < 60; round += 1) {
    await put(round % 2 === 0 ? ROOF : CELLAR, 1 + Math.floor(random.fraction() * 5));
    if (random.fraction() < 0.3) {
      moveBreaker();
      changes += 1;
    }
    if (random.fraction() < 0.3) {
      book.write('opened', { key: `sensor_silent:${round}` }, round);
      changes += 1;
    }
    // Everything moves to its place, between two looks or in one.
    if (round === 30) await rig.settle();
    const heard = steady.heard.length;
    if (random.fraction() < 0.5) await steady.until(() => steady.heard.length > heard);
    if (random.fraction() < 0.4) {
      flighty.drop();
      await flighty.connect();
    }
  }
  await put(ROOF, 1);
  const last = values(steady.heard).at(-1) ?? 0;
  const isLast = (heard: typeof steady.heard) => (values(heard).at(-1) ?? 0) > last && heard.length > 0;
  await steady.until(
    (heard) => isLast(heard) && heard.filter(({ event }) => !/reading|arrived/.test(event)).length >= changes,
  );
  await flighty.until((heard) => heard.at(-1)?.id === steady.heard.at(-1)?.id);

  expect(flighty.heard).toEqual(steady.heard);
  expect(steady.heard.filter(({ event }) => event === 'reset')).toEqual([]);
  const ids = steady.heard.map(({ id }) => Number(id.split('-')[1]));
  expect(ids).toEqual(Array.from(ids, (_, i) => (ids[0] ?? 0) + i));
  const told = values(steady.heard.filter(({ data }) => (data as { sensor?: string }).sensor !== 'filler'));
  expect(told).toEqual(Array.from(told, (_, i) => i + 1));
});

it('only what is wanted is told, to each', async () => {
  const { listen, put, moveBreaker } = await eventRig();
  const [roof, breakers] = [listen('?types=reading&sensor=roof'), listen('?types=breaker')];
  await Promise.all([roof.connect(), breakers.connect()]);
  await roof.until(() => roof.lastId !== undefined);
  await breakers.until(() => breakers.lastId !== undefined);

  await put(CELLAR, 3);
  await put(ROOF, 2);
  moveBreaker();
  await roof.until((heard) => heard.length === 2);
  await breakers.until((heard) => heard.length === 1);

  expect(values(roof.heard)).toHaveLength(2);
  expect(breakers.heard.map(({ event }) => event)).toEqual(['breaker']);
});

it('a backlog that arrives at once is told as ranges, and so is what is older than the newest', async () => {
  const { listen, put } = await eventRig();
  const listener = listen();
  await listener.connect();
  await listener.until(() => listener.lastId !== undefined);

  await put(ROOF, 1_000);
  await listener.until((heard) => heard.some(({ event }) => event === 'arrived'));

  const arrived = listener.heard.find(({ event }) => event === 'arrived')?.data as { readings: number };
  expect(values(listener.heard).length + arrived.readings).toBe(1_000);
});

it('an id from before, or from another time, is answered with a reset', async () => {
  const { url, put } = await eventRig();
  const stranger = createEventListener(`${url}?last_event_id=abcdefgh-12`);
  await stranger.connect();
  await stranger.until((heard) => heard.length === 1);
  await put();
  await stranger.until((heard) => heard.length === 2);

  expect(stranger.heard.map(({ event }) => event)).toEqual(['reset', 'reading']);
});

it('a store that is another one now is told as a reset, and followed', async () => {
  const { listen, put, rig, book } = await eventRig();
  const listener = listen();
  await listener.connect();
  await listener.until(() => listener.lastId !== undefined);
  await put();
  await listener.until((heard) => heard.length === 1);

  const other = createStoreRig();
  await other.put(ROOF, [[1, 1]]);
  await other.close();
  await rig.store.close();
  for (const suffix of ['-wal', '-shm']) rmSync(rig.file + suffix, { force: true });
  renameSync(other.file, rig.file);
  rmSync(dirname(other.file), { recursive: true });
  await listener.until((heard) => heard.some(({ event }) => event === 'reset'));
  book.write('opened', { key: 'a:1' }, 1);
  await listener.until((heard) => heard.at(-1)?.event === 'ticket');

  expect(listener.heard.map(({ event }) => event)).toEqual(['reading', 'reset', 'ticket']);
});

it('a question that is wrong is refused in words', async () => {
  const { url } = await eventRig();

  const answer = await fetch(`${url}?types=reading,weather`);

  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('must be one or more of reading, breaker, ticket');
});

it('of a hundred clients at once so many are served as there is room for, and what they do not read holds up nobody', async () => {
  const { listen, put, feed, rig } = await eventRig();
  const slow = Array.from({ length: 100 }, () => listen());
  await Promise.allSettled(slow.map((one) => one.connect()));
  const served = slow.filter(({ status }) => status === 200);
  for (const one of served) one.pause();
  served.pop()?.drop();
  await expect.poll(() => feed.clients, { timeout: 60_000 }).toBeLessThan(CLIENTS_MAX);
  const quick = listen();
  await quick.connect();
  await quick.until(() => quick.lastId !== undefined);

  for (let i = 0; i < 3; i += 1) {
    await rig.settle();
    await put();
  }
  await quick.until((heard) => values(heard).includes(3));

  // Others were told to come again, or found no place at the door.
  expect(slow.every(({ status }) => [200, 503, undefined].includes(status))).toBe(true);
  expect(feed.clients).toBeLessThanOrEqual(CLIENTS_MAX);
  expect(feed.history()?.bytes).toBeLessThanOrEqual(HISTORY_BYTES_MAX);
});

it('nobody listens, nothing is looked at', async () => {
  const { feed, put } = await eventRig();
  await put();

  expect(feed.history()).toBeUndefined();
});
