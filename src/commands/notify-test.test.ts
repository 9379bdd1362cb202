import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { startHookServer } from '../../test/support/hook-server.ts';
import { startMailServer } from '../../test/support/mail-server.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { NOTIFY_FORMATS } from './formats/notify.ts';
import { notifyTest } from './notify-test.ts';

function configOf(...channels: readonly object[]): string {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, JSON.stringify({ gateway: 'greenhouse', notifications: { channels } }));
  return file;
}

it('every channel is tried, and what came back is said of each', async () => {
  const [hook, mail] = [await startHookServer(), await startMailServer()];
  const config = configOf(
    { name: 'chat', type: 'webhook', url: `${hook.url}/secret` },
    {
      name: 'post',
      type: 'smtp',
      url: `smtp://127.0.0.1:${mail.port}`,
      from: 'pi@a.test',
      to: ['me@a.test'],
    },
  );

  const { exitCode, out } = await commandRig().run(notifyTest, { config });

  expect(exitCode).toBe(0);
  expect(out).toEqual([
    expect.stringMatching(/^chat \(webhook, http:\/\/127\.0\.0\.1:\d+\): sent: HTTP 200, after \d+ ms$/),
    expect.stringMatching(
      /^post \(smtp, smtp:\/\/127\.0\.0\.1:\d+\): sent: 250 2\.0\.0 queued as 12345, after/,
    ),
  ]);
  expect(hook.posted).toMatchObject([{ path: '/secret', body: { severity: 'info', gateway: 'greenhouse' } }]);
  expect(mail.mails).toHaveLength(1);
});

it('what is wrong is said in words, without the secret, and the others are tried all the same', async () => {
  const hook = await startHookServer();
  hook.script({ status: 401 });
  const url = join(tempDir(), 'url');
  writeFileSync(url, `${hook.url}/T0/secret\n`);
  const config = configOf(
    { name: 'chat', type: 'webhook', url_file: url },
    { name: 'phone', type: 'ntfy', url: `${hook.url}/topic`, token_file: '/nowhere/token' },
  );

  const { exitCode, out } = await commandRig().run(notifyTest, { config });

  expect(exitCode).toBe(1);
  expect(out[0]).toContain('NOT sent: it does not let us in');
  expect(out[1]).toContain('cannot read token_file /nowhere/token');
  expect(out.join()).not.toContain('secret');
});

it('one channel can be named, and JSON has its format', async () => {
  const hook = await startHookServer();
  const channels = ['chat', 'phone'].map((name) => ({ name, type: 'webhook', url: hook.url }));

  const options = { config: configOf(...channels), CHANNEL: 'phone', json: true };
  const { out } = await commandRig().run(notifyTest, options);

  const { format: _, ...said } = JSON.parse(out[0] ?? '');
  expect(NOTIFY_FORMATS['notify test'].parse(said).channels).toMatchObject([
    { channel: 'phone', sent: true },
  ]);
  expect(hook.posted).toHaveLength(1);
});

it.each([
  [[], undefined, 'no channel is configured'],
  [
    [{ name: 'chat', type: 'webhook', url: 'http://a.test' }],
    'chart',
    'no channel is named "chart"; there is chat',
  ],
])('with channels %j, "%s" is refused', async (channels, name, why) => {
  const options = { config: configOf(...channels), ...(name === undefined ? {} : { CHANNEL: name }) };

  await expect(commandRig().run(notifyTest, options)).rejects.toThrow(why);
});
