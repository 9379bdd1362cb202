/** Why a message did not go out, in words that say what to look at; never with a secret in them. */

import { codeOf, messageOf } from '../../base/errors.ts';
import { loggableText } from '../../base/loggable.ts';
import { printable } from '../../base/printable.ts';
import { SAID_LENGTH_MAX } from './limits.ts';

/** What a program that may not reach the network gets to see: the sandbox of its unit, or a firewall. */
const FORBIDDEN =
  'this program may not reach it: does its unit allow it (docs/notifications.md on the network), does a firewall?';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: are host and port right, and does it run?',
  ECONNRESET: 'it closed the connection in the middle',
  EPIPE: 'it closed the connection in the middle',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'no name server answers: is this machine in the network?',
  EDNS: 'the name of the host could not be found out: is this machine in the network?',
  ENETUNREACH: 'there is no way to it: is this machine in the network?',
  EHOSTUNREACH: 'there is no way to it: is it switched on, and is this machine in the network?',
  ETIMEDOUT: 'it does not answer: is the address right, and may the unit of this program reach the network?',
  EPERM: FORBIDDEN,
  EACCES: FORBIDDEN,
  EAUTH: 'it does not take the user or the password',
  ETLS: 'it and we did not come to an encrypted connection',
  EENVELOPE: 'it does not take the sender or a recipient',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself: name it in ca_file if it is yours',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an authority that is not known here: ca_file',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is signed by an authority that is not known here: ca_file',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is signed by an authority that is not known here: ca_file',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired, or the clock of this machine is wrong',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is the clock of this machine right?',
  EPROTO: 'it does not speak TLS there: is it http:// or smtp:// instead?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there: is it http:// or smtp:// instead?',
  HPE_INVALID_CONSTANT: 'what answers there does not speak HTTP',
};

/** Of an error of the system or of a library. `secrets` are never repeated, whoever repeats them to us. */
export function failureInWords(error: unknown, secrets: readonly string[] = []): string {
  const code = codeOf(error);
  const message = oneLine(messageOf(error) || 'no reason given', secrets);
  const known = code === undefined ? undefined : WORDS[code];
  if (known === undefined)
    return code === undefined || message.includes(code) ? message : `${code}: ${message}`;
  return `${known} (${message.includes(code ?? '') ? message : `${code}: ${message}`})`;
}

/** Shorter ones protect nothing, and without them nothing could be read. */
const SECRET_LENGTH_MIN = 4;

/** What somebody else said, fit for a log and a terminal. */
export function oneLine(text: string, secrets: readonly string[] = []): string {
  const hidden = secrets
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
    .reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
  return printable(loggableText(hidden.replaceAll(/\s+/g, ' ').trim()), SAID_LENGTH_MAX);
}
