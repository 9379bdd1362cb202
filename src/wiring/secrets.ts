/** The files that a destination's settings name: its token and its authority. Read once, before anything is opened. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import type { DestinationConfig } from './config.ts';

/** What a destination's files hold. */
export interface Secrets {
  readonly token?: string;
  readonly ca?: string;
}

/**
 * Reads a destination's token and authority. Throws `SGW_CONFIG_INVALID` if one cannot be read or cannot be
 * right: found out later, it would look like an outage of the other side. What is in a file is never repeated.
 */
export function readSecrets({ tokenFile, caFile }: DestinationConfig): Secrets {
  return {
    ...(tokenFile === undefined ? {} : { token: readToken(tokenFile) }),
    ...(caFile === undefined ? {} : { ca: readAuthority(caFile) }),
  };
}

function readToken(file: string): string {
  const token = readSecret('token_file', file).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const what = token === '' ? 'is empty' : 'holds more than one line of visible characters';
  throw new GatewayError('SGW_CONFIG_INVALID', `destinations: token_file ${file} ${what}`, {
    hint: 'It must hold the token and nothing else.',
  });
}

function readAuthority(file: string): string {
  const pem = readSecret('ca_file', file);
  try {
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new GatewayError(
      'SGW_CONFIG_INVALID',
      `destinations: ca_file ${file} is no certificate in PEM form`,
      {
        hint: 'It begins with "-----BEGIN CERTIFICATE-----".',
        cause: error,
      },
    );
  }
}

function readSecret(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `destinations: cannot read ${setting} ${file}: ${messageOf(error)}`;
    const hint = 'The file must exist and be readable by the user who runs the gateway.';
    throw new GatewayError('SGW_CONFIG_INVALID', message, { hint, cause: error });
  }
}
