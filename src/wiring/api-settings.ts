/**
 * The settings of the write API, what must hold between them, and where it can be asked from this machine. Whoever
 * lets others reach it has to say how the way there is protected; a token is then asked for in any case.
 */

import type { ReportProblem } from '../../lib/base/config.ts';
import { section, type ValueOf } from '../../lib/base/setting.ts';
import { duration, flag, integer, text } from '../../lib/base/setting-kinds.ts';
import { apiSocketPath } from './names.ts';
import { HOST, NAME, PATH } from './text-rules.ts';

/** Where the programs meet when nothing else is said. */
export const API_PORT = 8_470;

export const API = section('The write API on this machine.', {
  host: text({
    ...HOST,
    initial: '127.0.0.1',
    about:
      'Where it listens. Where other machines can reach it, each gateway needs a token (sensorctl token add), and the way a certificate or a proxy.',
  }),
  port: integer({
    initial: API_PORT,
    min: 1,
    max: 65_535,
    about: 'Its port. Readings are delivered there unless `destinations` says otherwise.',
  }),
  tlsCertFile: text({
    ...PATH,
    about: 'A PEM file with its certificate, and those of the authorities in between. Read at the start.',
    initialNote: 'no TLS',
    example: '/etc/sensor-gateway/tls/cert.pem',
  }),
  tlsKeyFile: text({
    ...PATH,
    about: 'A PEM file with the key of the certificate, readable by us alone.',
    initialNote: 'no TLS',
    example: '/etc/sensor-gateway/tls/key.pem',
  }),
  behindProxy: flag({
    initial: false,
    about:
      'A proxy speaks TLS for us. Then a token is asked for at a loopback address, too, because others come that way.',
  }),
  tokensFile: text({
    ...PATH,
    about:
      'The tokens of those who may deliver. Looked at with each request: what is revoked is refused at once.',
    initialNote: '`tokens.json` in `data_dir`',
    example: '/etc/sensor-gateway/tokens.json',
  }),
  requestsPerSecond: integer({
    initial: 100,
    min: 1,
    max: 10_000,
    about:
      'How many requests each token may make, with twice as many at once. A reader at rest makes one a round.',
  }),
  defaultGateway: text({
    ...NAME,
    about: 'The gateway of readings that name none (`POST /api/v1/readings`).',
    initialNote: 'the value of `gateway`',
    example: 'greenhouse',
  }),
  futureMaxMs: duration({
    initial: '24h',
    min: '1s',
    max: '7d',
    about: 'A reading from further in the future is refused: its clock is wrong.',
  }),
});
type Api = ValueOf<typeof API>;

/** What must hold between these settings. */
export function checkApi(api: Api, report: ReportProblem): void {
  const { host, tlsCertFile, tlsKeyFile, behindProxy } = api;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    const [given, missing] = tlsCertFile === undefined ? ['key', 'cert'] : ['cert', 'key'];
    report(
      [['api', `tls_${given}_file`]],
      `a certificate and its key go together, and api.tls_${missing}_file is missing.`,
    );
  }
  if (!isLoopback(host) && tlsCertFile === undefined && !behindProxy) {
    report(
      [
        ['api', 'host'],
        ['api', 'behind_proxy'],
      ],
      `"${host}" can be reached by other machines, and tokens and readings would pass in plain. Set api.tls_cert_file and api.tls_key_file, or api.behind_proxy: true if a proxy speaks TLS for it.`,
    );
  }
}

/** Whether others can come through its port, so that it asks for a token there. */
export function isReachable({ host, behindProxy }: Pick<Api, 'host' | 'behindProxy'>): boolean {
  return behindProxy || !isLoopback(host);
}

/** Where this machine itself speaks to its write API: through the socket, where the port asks for more than a request. */
export function ownApiUrl({ api, runDir }: { readonly api: Api; readonly runDir: string }): string {
  if (isReachable(api) || api.tlsCertFile !== undefined) return `unix:${apiSocketPath(runDir)}`;
  return `http://${api.host.includes(':') ? `[${api.host}]` : api.host}:${api.port}`;
}

/** Whether a destination is on this machine. */
export function isLocalUrl(url: string): boolean {
  return url.startsWith('unix:') || isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

/** Whether only this machine itself can reach it. */
export function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost';
}
