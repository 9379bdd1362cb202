/** How others may reach the write API: the certificate that it shows, and what it asks of them. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../../lib/base/clock.ts';
import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import type { TlsIdentity } from '../../lib/base/http/http-server.ts';
import type { Logger } from '../../lib/base/logger.ts';
import type { Guard } from '../../lib/flow/write-api/access.ts';
import { createGuessWatch } from '../../lib/flow/write-api/guess-watch.ts';
import { createRateLimit } from '../../lib/flow/write-api/rate-limit.ts';
import { createTokenBook } from '../../lib/flow/write-api/token-book.ts';
import { readTokens } from '../../lib/flow/write-api/token-file.ts';
import { isReachable } from './api-settings.ts';
import type { Config } from './config.ts';

export interface ApiFront {
  readonly tls: TlsIdentity | undefined;
  /** `undefined`: nobody but this machine can reach it. */
  readonly guard: Guard | undefined;
}

export interface ApiFrontDeps {
  readonly config: Pick<Config, 'api'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

/** Throws `SGW_CONFIG_INVALID` if certificate or key cannot be read, or do not belong together. */
export function openFront({ config: { api }, clock, log }: ApiFrontDeps): ApiFront {
  const { tlsCertFile, tlsKeyFile, tokensFile } = api;
  const tls =
    tlsCertFile === undefined || tlsKeyFile === undefined
      ? undefined
      : readIdentity(tlsCertFile, tlsKeyFile, clock.wallMs(), log);
  if (!isReachable(api)) return { tls, guard: undefined };
  sayTokens(tokensFile, log);
  const rate = createRateLimit({ perSecond: api.requestsPerSecond, clock });
  return { tls, guard: { tokens: createTokenBook(tokensFile), guesses: createGuessWatch(clock), rate } };
}

function readIdentity(
  certFile: string,
  keyFile: string,
  nowAt: number,
  log: ApiFrontDeps['log'],
): TlsIdentity {
  const cert = read('tls_cert_file', certFile);
  const key = read('tls_key_file', keyFile);
  const certificate = parsed('tls_cert_file', certFile, () => new X509Certificate(cert));
  const secret = parsed('tls_key_file', keyFile, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(secret)) {
    throw new GatewayError(
      'SGW_CONFIG_INVALID',
      `api: the key in ${keyFile} is not that of the certificate in ${certFile}`,
      { hint: 'Both files must be of the same renewal.' },
    );
  }
  // Others will not speak to us, and those on this machine still can.
  if (Date.parse(certificate.validTo) < nowAt)
    log.warn(
      { certFile, validTo: certificate.validTo },
      `the certificate of the API has expired: ${certFile}`,
    );
  return { cert, key };
}

function read(setting: string, file: string): string {
  return parsed(setting, file, () => readFileSync(file, 'utf8'));
}

function parsed<T>(setting: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new GatewayError('SGW_CONFIG_INVALID', `api: cannot use ${setting} ${file}: ${messageOf(error)}`, {
      hint: 'It must be in PEM form, and readable by the user who runs the write API.',
      cause: error,
    });
  }
}

/** Whatever is wrong with them concerns others: this machine delivers all the same. */
function sayTokens(file: string, log: ApiFrontDeps['log']): void {
  try {
    if (readTokens(file).length > 0) return;
    log.warn({ file }, 'no gateway has a token yet, so none can deliver: sensorctl token add NAME');
  } catch (error) {
    log.error({ err: error }, `no other gateway can deliver: ${messageOf(error)}`);
  }
}
