import { expect, it } from 'vitest';
import { createVirtualClock, settle } from '../../../test/support/virtual-clock.ts';
import { tell } from './client.ts';
import type { Feed } from './feed.ts';
import { createHistory } from './history.ts';
import { CHUNK_BYTES_MAX, HEARTBEAT_MS, HISTORY_EVENTS_MAX } from './limits.ts';

/** A feed without sources: what is added to its history is what happens. */
function quietFeed() {
  const clock = createVirtualClock();
  const history = createHistory('epoch');
  const waiting = new Set<() => void>();
  let clients = 0;
  const feed: Pick<Feed, 'join' | 'history' | 'news' | 'closed'> = {
    join: () => {
      clients += 1;
      return () => {
        clients -= 1;
      };
    },
    history: () => history,
    news: (signal) =>
      new Promise((resolve) => {
        const done = () => {
          waiting.delete(done);
          resolve();
        };
        waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      }),
    closed: false,
  };
  const left = new AbortController();
  const asked = { feed, clock, wanted: {}, left: left.signal };
  return {
    clock,
    history,
    left,
    client: (lastEventId?: string, wanted = {}) => tell({ ...asked, wanted, lastEventId }),
    happens(reason: string) {
      history.add({ event: 'reset', data: { reason } });
      for (const wake of [...waiting]) wake();
    },
    clients: () => clients,
    waiting: () => waiting.size,
  };
}

it('who falls behind the history is let go, and told to begin anew when it comes back', async () => {
  const { client, happens, history, clients } = quietFeed();
  const slow = client();
  for (let i = 0; i < 2; i += 1) await slow.next();
  const place = history.idOf(history.latest());

  for (let i = 0; i < HISTORY_EVENTS_MAX + 1; i += 1) happens('something');
  const end = await slow.next();
  const back = client(place);
  await back.next();

  expect(end.done).toBe(true);
  expect((await back.next()).value).toContain('event: reset');
  expect(clients()).toBe(1);
});

it('what happens while a client is still taking the word to begin anew is told behind it', async () => {
  const { client, happens, clock } = quietFeed();
  const back = client('epoch-of-before-7');
  await back.next();
  const begun = (await back.next()).value ?? '';

  happens('in between');
  const taken = back.next();
  await settle();
  await clock.advance(HEARTBEAT_MS);
  const next = (await taken).value ?? '';

  expect(begun).toBe(
    'id: epoch-0\nevent: reset\ndata: {"reason":"what happened since then is not known here any more"}\n\n',
  );
  expect(next).toContain('id: epoch-1\n');
  expect(next).toContain('in between');
});

it('a hundred who take nothing cost a place each, and one who takes is told all the same', async () => {
  const { client, happens } = quietFeed();
  const slow = Array.from({ length: 100 }, () => client());
  for (const one of slow) await one.next();
  const quick = client();
  for (let i = 0; i < 2; i += 1) await quick.next();

  for (let i = 0; i < 1_000; i += 1) happens(`number ${i}`);
  const chunk = (await quick.next()).value ?? '';

  expect(chunk).toContain('number 0');
  // One event may go beyond it.
  expect(chunk.length).toBeLessThan(CHUNK_BYTES_MAX + 1_000);
});

it('while nothing happens its place is sent along with a sign of life', async () => {
  const { client, clock, history } = quietFeed();
  const listener = client();
  for (let i = 0; i < 2; i += 1) await listener.next();

  const next = listener.next();
  await settle();
  await clock.advance(HEARTBEAT_MS);

  expect((await next).value).toBe(`: still here\nid: ${history.idOf(0)}\n\n`);
});

it('the place of who wants nothing of it moves on', async () => {
  const { client, clock, history } = quietFeed();
  const listener = client(undefined, { types: ['ticket'] });
  for (let i = 0; i < 2; i += 1) await listener.next();
  for (let i = 0; i < 5; i += 1)
    history.add({ event: 'arrived', data: { gateway: 'pi', stream: 's', readings: 1, ranges: [[i, i]] } });

  const next = listener.next();
  await settle();
  await clock.advance(HEARTBEAT_MS);

  expect((await next).value).toContain(`id: ${history.idOf(5)}\n`);
});

it('who leaves while nothing happens leaves nothing behind', async () => {
  const { client, clients, left, waiting, clock } = quietFeed();
  const listener = client();
  for (let i = 0; i < 2; i += 1) await listener.next();

  const next = listener.next();
  await settle();
  left.abort();

  expect((await next).done).toBe(true);
  expect([clients(), waiting(), clock.sleepers()]).toEqual([0, 0, []]);
});
