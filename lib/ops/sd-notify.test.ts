import { expect, test } from 'vitest';
import { connectSupervisor } from './sd-notify.ts';

test('outside systemd nothing is loaded and every message is silent', async () => {
  let loads = 0;
  const supervisor = await connectSupervisor({
    notifySocket: undefined,
    pid: 1,
    load: async () => {
      loads += 1;
    },
  });

  supervisor.ready();
  supervisor.heartbeat();
  supervisor.status('fine');
  supervisor.stopping();

  expect(loads).toBe(0);
  expect(supervisor.watchdogMs).toBeUndefined();
});

test('under systemd without the addon we refuse with the command that fixes it', async () => {
  const connecting = connectSupervisor({
    notifySocket: '/run/systemd/notify',
    pid: 1,
    load: () => Promise.reject(new Error("Cannot find package 'sd-notify'")),
  });

  await expect(connecting).rejects.toMatchObject({
    code: 'SGW_ADDON_MISSING',
    exitCode: 78,
    hint: expect.stringContaining('npm rebuild sd-notify'),
  });
});

test('an addon that has lost a function is as good as missing', async () => {
  const connecting = connectSupervisor({
    notifySocket: '/run/systemd/notify',
    pid: 1,
    load: async () => ({ default: { ready() {} } }),
  });

  await expect(connecting).rejects.toMatchObject({ code: 'SGW_ADDON_MISSING' });
});

test('the status is one printable line of bounded length, whatever it is made of', async () => {
  const statuses: string[] = [];
  const addon = {
    ready() {},
    watchdog() {},
    sendStatus: (text: string) => statuses.push(text),
    stopping() {},
    sendState() {},
    watchdogInterval: () => 0,
  };
  const supervisor = await connectSupervisor({
    notifySocket: 'x',
    pid: 1,
    load: async () => ({ default: addon }),
  });

  supervisor.status(`two\nlines\u0007${'x'.repeat(500)}`);

  expect(statuses[0]).toMatch(/^two lines x+$/);
  expect(statuses[0]?.length).toBe(200);
  expect(supervisor.watchdogMs).toBeUndefined();
});
