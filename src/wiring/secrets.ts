/** The files that settings name: tokens, authorities, passwords. Read once, before anything is opened. */

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
export function readSecrets({ tokenFile, caFile }: Pick<DestinationConfig, 'tokenFile' | 'caFile'>): Secrets {
  return {
    ...(tokenFile === undefined ? {} : { token: readToken('destinations', tokenFile) }),
    ...(caFile === undefined ? {} : { ca: readAuthority('destinations', caFile) }),
  };
}

/** `whose`: the part of the settings that names the file, for messages. */
export function readToken(whose: string, file: string): string {
  const token = readSecret(whose, 'token_file', file).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const what = token === '' ? 'is empty' : 'holds more than one line of visible characters';
  throw new GatewayError('SGW_CONFIG_INVALID', `${whose}: token_file ${file} ${what}`, {
    hint: 'It must hold the token and nothing else.',
  });
}

/** Whatever stands in its first line: a password may begin or end with a space. */
export function readPassword(whose: string, file: string): string {
  const password = readSecret(whose, 'password_file', file).replace(/\r?\n$/, '');
  if (/^[^\r\n\0]+$/.test(password)) return password;
  const what = password === '' ? 'is empty' : 'holds several lines';
  throw new GatewayError('SGW_CONFIG_INVALID', `${whose}: password_file ${file} ${what}`, {
    hint: 'It must hold the password and nothing else.',
  });
}

export function readAuthority(whose: string, file: string): string {
  const pem = readSecret(whose, 'ca_file', file);
  try {
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new GatewayError('SGW_CONFIG_INVALID', `${whose}: ca_file ${file} is no certificate in PEM form`, {
      hint: 'It begins with "-----BEGIN CERTIFICATE-----".',
      cause: error,
    });
  }
}

export function readSecret(whose: string, setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `${whose}: cannot read ${setting} ${file}: ${messageOf(error)}`;
    const hint = 'The file must exist and be readable by the user who runs the gateway.';
    throw new GatewayError('SGW_CONFIG_INVALID', message, { hint, cause: error });
  }
}
