import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { loadConfig } from './config.ts';

function load(notifications: string) {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, `notifications:\n${notifications}`);
  return loadConfig({ file, environment: {}, hostName: 'pi' }).config.notifications;
}

it('nobody is told of anything unless a channel is named', () => {
  expect(load('')).toEqual({ intervalMs: 3_600_000, quietHours: undefined, channels: [] });
});

it('a channel of each type is taken', () => {
  const { channels } = load(`
  channels:
    - {name: chat, type: webhook, url_file: /etc/url, body: '{"text": "{{subject}}"}'}
    - {name: phone, type: ntfy, url: 'https://ntfy.sh/alerts', severity: critical, token_file: /etc/token}
    - {name: post, type: smtp, url: 'smtps://mail.a.test', from: 'Pi <pi@a.test>', to: [me@a.test], user: pi, password_file: /etc/pass}
`);

  expect(channels.map(({ name, type, severity }) => [name, type, severity])).toEqual([
    ['chat', 'webhook', 'warning'],
    ['phone', 'ntfy', 'critical'],
    ['post', 'smtp', 'warning'],
  ]);
});

it.each([
  ['{name: a, type: webhook}', '3:7', 'needs an address: url or url_file'],
  ['{name: a, type: webhook, url: "http://a.test", url_file: /b}', '3:', 'exclude each other'],
  ['{name: a, type: webhook, url: "ftp://a.test"}', '3:37', '"ftp://" is not supported'],
  ['{name: a, type: webhook, url: "http://me:hunter2@a.test"}', '3:37', 'holds a user or a password'],
  ['{name: a, type: smtp, url: "https://a.test", from: a@b, to: [a@b]}', '3:34', 'smtps:// or smtp://'],
  ['{name: a, type: ntfy, url: "https://ntfy.sh/"}', '3:34', 'has no topic at its end'],
  ['{name: a, type: ntfy, url: "https://ntfy.sh/a", body: "{}"}', '3:', 'of type ntfy has no body'],
  ['{name: a, type: webhook, url: "http://a.test", body: "{"}', '3:', 'is not JSON'],
  [
    '{name: a, type: webhook, url: "http://a.test", body: "{\\"a\\": \\"{{subjekt}}\\"}"}',
    '3:',
    'Did you mean',
  ],
  ['{name: a, type: smtp, url: "smtp://a.test", to: [a@b]}', '3:', 'needs "from"'],
  ['{name: a, type: smtp, url: "smtp://a.test", from: a@b, to: [ab]}', '3:', 'is no address of mail'],
  ['{name: a, type: smtp, url: "smtp://a.test", from: a@b, to: [a@b], user: a}', '3:', 'go together'],
])('%s is refused, at its place', (channel, place, why) => {
  const act = () => load(`  channels:\n    - ${channel}\n`);

  expect(act).toThrow(why);
  expect(act).toThrow(`config.yaml:${place}`);
  expect(act).not.toThrow('hunter2');
});

it('two of the same name, and windows that overlap, are refused together', () => {
  const act = () =>
    load(`
  quiet_hours: ['22:00-07:00', '06:00-08:00']
  channels:
    - {name: a, type: webhook, url: 'http://a.test'}
    - {name: a, type: webhook, url: 'http://b.test'}
`);

  expect(act).toThrow('a second channel named "a"');
  expect(act).toThrow('overlap');
});
