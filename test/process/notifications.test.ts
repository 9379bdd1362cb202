/** Notifications and events of the real monitor, beside a real reader and write API, killed and frozen on the way. */

import { expect, test, vi } from 'vitest';
import { createEventListener } from '../support/event-listener.ts';
import { createGateway, isEvent, isStored, seqsOf } from '../support/gateway.ts';
import { startHookServer } from '../support/hook-server.ts';
import { startMailServer } from '../support/mail-server.ts';

const KEY = 'breaker_open:local';
/** A reader that gives up after half a second, so that a frozen write API shows within two. */
const HASTY = { SENSORGW_DELIVERY_REQUEST_TIMEOUT: '500ms', SENSORGW_DELIVERY_BATCH_TIMEOUT: '1s' };

/** A monitor that looks once a second, opens a ticket after three, and tells of it. */
const watchful = (channels: readonly object[]) => ({
  SENSORGW_INVARIANTS_EVERY: '1s',
  SENSORGW_INVARIANTS_BREAKER_OPEN: '3s',
  // Of this machine, and of its hurry, not of the gateway.
  SENSORGW_INVARIANTS_SKIP: '[memory_low, cpu_hot, oom_kills, disk_space, disk_slow, program_silent]',
  SENSORGW_NOTIFICATIONS_CHANNELS: JSON.stringify(channels),
});

interface ToldTicket {
  readonly key: string;
  readonly state: string;
}

test.concurrent('an outage is told on every channel, and its end, however often the monitor is killed meanwhile', async ({
  onTestFinished,
}) => {
  const [hook, mail] = [await startHookServer(onTestFinished), await startMailServer({ onTestFinished })];
  const channels = [
    { name: 'chat', type: 'webhook', url: hook.url },
    {
      name: 'post',
      type: 'smtp',
      url: `smtp://127.0.0.1:${mail.port}`,
      from: 'pi@a.test',
      to: ['me@a.test'],
    },
  ];
  const gateway = await createGateway({ onTestFinished });
  const api = await gateway.startApi();
  const reader = await gateway.startReader(HASTY);
  await reader.count(isStored, 2);
  /** What has been told of it, each message once, whatever came twice. */
  const told = () => {
    const byId = new Map(hook.posted.map(({ body }) => [(body as { id: string }).id, body]));
    const tickets = [...byId.values()].flatMap((body) => (body as { tickets: ToldTicket[] }).tickets);
    return tickets.filter(({ key }) => key === KEY).map(({ state }) => state);
  };

  let { program: monitor } = await gateway.startMonitor(watchful(channels));
  api.kill('SIGSTOP');
  await reader.count(isEvent('breaker.opened'), 1);
  for (let kills = 0; kills < 4 || !told().includes('open'); kills += 1) {
    // Between a moment and the time that it takes to see, write down and send.
    await new Promise((resolve) => setTimeout(resolve, 500 + 900 * kills));
    monitor.kill('SIGKILL');
    await monitor.exited;
    monitor = (await gateway.startMonitor(watchful(channels))).program;
  }
  api.kill('SIGCONT');
  await reader.count(isEvent('breaker.closed'), 1);
  await vi.waitUntil(() => told().includes('resolved'), { timeout: 120_000, interval: 200 });
  await vi.waitUntil(() => mail.mails.at(-1)?.data.includes('resolved'), { timeout: 60_000, interval: 200 });
  monitor.kill('SIGTERM');

  expect(await monitor.exited).toEqual({ code: 0, signal: null });
  expect(told()).toEqual(['open', 'resolved']);
  const sameId = new Map<string, string>();
  for (const { body } of hook.posted) {
    const { id } = body as { id: string };
    expect(sameId.get(id) ?? JSON.stringify(body)).toBe(JSON.stringify(body));
    sameId.set(id, JSON.stringify(body));
  }
});

test.concurrent('every reading is told once to a client that comes and goes, and a stop ends the stream at once', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  await gateway.startApi();
  const { program: monitor, port } = await gateway.startMonitor(watchful([]));
  const listener = createEventListener(`http://127.0.0.1:${port}/api/v1/events?types=reading`);
  await listener.connect();
  await listener.until(() => listener.lastId !== undefined);

  const reader = await gateway.startReader();
  for (let rounds = 1; rounds <= 5; rounds += 1) {
    await reader.count(isStored, rounds);
    listener.drop();
    await listener.connect();
  }
  await gateway.finish(reader);
  const stored = seqsOf(await gateway.stored());
  // An outbox that was not there before is said as a reset.
  const told = () => listener.heard.filter(({ event }) => event === 'reading');
  await listener.until(() => told().length >= stored.length);
  monitor.kill('SIGTERM');

  expect(await monitor.exited).toEqual({ code: 0, signal: null });
  await listener.ended;
  expect(told().map(({ data }) => (data as { seq: number }).seq)).toEqual(stored);
});
