/**
 * What the address of a database may be. Never one with a password in it, because addresses are shown: a log, a
 * list of processes, `config show`. And never one whose way is open to others without anybody having said so.
 */

import { shown, type TextRules } from '../../lib/base/setting-kinds.ts';
import { isLoopback } from './api-settings.ts';

/** Those of libpq that we pass on. */
const OPTIONS = ['host', 'port', 'user', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'];
const SSL_MODES = ['verify-full', 'require', 'disable'];
const NAMES_A_PASSWORD = /pass/i;

export const DATABASE_URL: TextRules = {
  values: 'postgres://USER@HOST:PORT/DATABASE, or postgres:///DATABASE?host=/SOCKET/DIRECTORY',
  problem(line) {
    if (!URL.canParse(line)) return `is not an address. Use ${DATABASE_URL.values}.`;
    const url = new URL(line);
    const options = [...url.searchParams.keys()];
    // Never repeated: whoever reads the log must not learn it.
    if (url.password || options.some((name) => NAMES_A_PASSWORD.test(name)))
      return 'holds a password, and addresses are shown to people. Put it into store.password_file instead.';
    if (!/^postgres(ql)?:$/.test(url.protocol))
      return `"${url.protocol}//" is not supported. Use ${DATABASE_URL.values}.`;
    if (url.pathname.length < 2) return `${shown(line)} names no database. Use ${DATABASE_URL.values}.`;
    const unknown = options.find((name) => !OPTIONS.includes(name));
    if (unknown !== undefined)
      return `"${unknown}" is not one of the options that are known here. Use ${OPTIONS.join(', ')}.`;
    const sslMode = url.searchParams.get('sslmode');
    if (sslMode !== null && !SSL_MODES.includes(sslMode))
      return `sslmode=${sslMode} does not say whom it trusts. Use ${SSL_MODES.join(', ')}.`;
    const host = url.searchParams.get('host') ?? url.hostname.replace(/^\[|\]$/g, '');
    const isOnThisMachine = host === '' || host.startsWith('/') || isLoopback(host);
    if (!isOnThisMachine && sslMode === null && !url.searchParams.has('sslrootcert'))
      return `${shown(host)} is another machine, and readings would pass in plain. Add sslmode=verify-full, or sslmode=disable if nobody else is on the way.`;
    return undefined;
  },
};

/** As the client library is to have it, which takes `require` for `verify-full` as well, with a warning. */
export function driverUrl(line: string): string {
  const url = new URL(line);
  if (url.searchParams.get('sslmode') === 'require') url.searchParams.set('sslmode', 'verify-full');
  return url.href;
}
