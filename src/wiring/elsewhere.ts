/**
 * What the monitor has to reach on other machines, in words. Its unit lets it reach this machine alone, as it is
 * shipped; doctor, installer and `sensorctl notify test` say so where that is not enough.
 */

import { readFileSync } from 'node:fs';
import { isLocalUrl, isLoopback } from './api-settings.ts';
import type { Config } from './config.ts';
import type { ChannelSettings } from './notify-settings.ts';

/** Empty: nothing. Never says an address that may be a secret. */
export function elsewhereOf({ notifications, store, destinations }: Config): readonly string[] {
  const channels = notifications.channels.filter(isElsewhere).map(({ name }) => `channel ${name}`);
  const secured = destinations.filter(({ url }) => url.startsWith('https:') && !isLocalUrl(url));
  const certificates = secured.map(({ name }) => `the certificate of ${name}`);
  return [
    ...channels,
    ...(isRemoteDatabase(store.url) ? ['the database of the store'] : []),
    ...certificates,
  ];
}

function isElsewhere({ url, urlFile }: ChannelSettings): boolean {
  const address = url ?? contentOf(urlFile);
  // What this user may not read is a secret of somebody's chat, and that is seldom here.
  return !URL.canParse(address) || !isLocalUrl(address);
}

function contentOf(file: string | undefined): string {
  try {
    return file === undefined ? '' : readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function isRemoteDatabase(url: string | undefined): boolean {
  if (url === undefined) return false;
  const { searchParams, hostname } = new URL(url);
  const host = searchParams.get('host') ?? hostname.replace(/^\[|\]$/g, '');
  return host !== '' && !host.startsWith('/') && !isLoopback(host);
}
