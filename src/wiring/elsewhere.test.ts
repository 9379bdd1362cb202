import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { loadConfig } from './config.ts';
import { elsewhereOf } from './elsewhere.ts';

const configOf = (environment: Readonly<Record<string, string>>) =>
  loadConfig({ environment, hostName: 'attic', usualFile: '/nonexistent' }).config;

it('nothing of the defaults is on another machine, nor of what listens on this one', () => {
  const secret = join(tempDir(), 'address');
  writeFileSync(secret, 'http://[::1]:9/hook\n');

  expect(elsewhereOf(configOf({}))).toEqual([]);
  expect(
    elsewhereOf(
      configOf({
        SENSORGW_NOTIFICATIONS_CHANNELS: `[{name: post, type: smtp, url: "smtp://localhost", from: a@b.test, to: [c@b.test]}, {name: chat, type: webhook, url_file: ${secret}}]`,
        SENSORGW_DESTINATIONS: '[{name: local, url: "http://127.0.0.1:8470"}]',
        SENSORGW_STORE_URL: 'postgres:///readings?host=/run/postgresql',
      }),
    ),
  ).toEqual([]);
});

it('channels, a database and certificates elsewhere are named, and no address is repeated', () => {
  const secret = join(tempDir(), 'address');
  writeFileSync(secret, 'https://chat.test/T0/secret\n');

  const elsewhere = elsewhereOf(
    configOf({
      SENSORGW_NOTIFICATIONS_CHANNELS: `[{name: phone, type: ntfy, url: "https://ntfy.test/topic"}, {name: chat, type: webhook, url_file: ${secret}}, {name: other, type: webhook, url_file: /nonexistent/address}]`,
      SENSORGW_DESTINATIONS: '[{name: collector, url: "https://collector.test", token_file: /nowhere/token}]',
      SENSORGW_STORE_URL: 'postgres://me@db.test/readings?sslmode=verify-full',
    }),
  );

  expect(elsewhere).toEqual([
    'channel phone',
    'channel chat',
    'channel other',
    'the database of the store',
    'the certificate of collector',
  ]);
});
