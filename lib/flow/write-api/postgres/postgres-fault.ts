/** What PostgreSQL and the way to it can say, sorted by who can mend it: time, a person, or a programmer. */

import { codeOf, messageOf } from '../../../base/errors.ts';
import { StoreFault, type StoreFaultCode } from '../readings-store.ts';

/** By SQLSTATE, or by its class of two characters. The first that fits counts. */
const STATES: readonly (readonly [prefix: string, code: StoreFaultCode])[] = [
  ['53100', 'store_full'],
  // Out of memory, or of connections: too much at once.
  ['53', 'store_busy'],
  // Serialization failures and deadlocks, after every attempt.
  ['40', 'store_busy'],
  // A lock that was not got in time, a statement that took too long.
  ['55P03', 'store_busy'],
  ['57014', 'store_busy'],
  // Shutting down, starting up, ended by an administrator, a session that was idle for too long.
  ['57', 'store_unreachable'],
  ['25P03', 'store_unreachable'],
  ['08', 'store_unreachable'],
  // Not let in: a password, pg_hba.conf, a right, a database that does not exist.
  ['28', 'store_unreachable'],
  ['3D000', 'store_unreachable'],
  ['42501', 'store_unreachable'],
  // A standby, or a database that somebody has made read-only.
  ['25006', 'store_unreachable'],
  // Tables that are not there any more: dropped, or another database under the same address.
  ['42P01', 'store_unreachable'],
  ['3F000', 'store_unreachable'],
  ['58', 'store_io'],
  ['XX', 'store_io'],
];

/** Of the system and of TLS: the way there, not the server. */
const NETWORK = /^(E[A-Z]+|ERR_TLS_.*|.*_CERT.*|CERT_.*|UNABLE_TO_.*)$/;

/** Worded without a code by the client library. */
const UNCODED =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|The server does not support SSL|Client was closed|Connection ended|SASL:|unable to)/i;

/** `undefined` for everything that waiting does not mend: a broken constraint, an error of ours. */
export function postgresFaultOf(thrown: unknown): StoreFaultCode | undefined {
  const code = codeOf(thrown);
  if (code === undefined) return UNCODED.test(messageOf(thrown)) ? 'store_unreachable' : undefined;
  if (/^[0-9A-Z]{5}$/.test(code) && 'severity' in Object(thrown))
    return STATES.find(([prefix]) => code.startsWith(prefix))?.[1];
  return NETWORK.test(code) ? 'store_unreachable' : undefined;
}

/** The same as a `StoreFault` if it is one, otherwise unchanged. */
export function asStoreFault(thrown: unknown): unknown {
  if (thrown instanceof StoreFault) return thrown;
  const code = postgresFaultOf(thrown);
  return code === undefined ? thrown : new StoreFault(code, `the database: ${messageOf(thrown)}`, thrown);
}

/** Certainly rolled back, and for reasons that are gone by now. */
export function isRetriable(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === '40001' || code === '40P01';
}

/** A row belongs to a partition that somebody has dropped meanwhile, or that was never made. */
export function isNoPartition(thrown: unknown): boolean {
  return codeOf(thrown) === '23514' && (thrown as { constraint?: unknown }).constraint === undefined;
}
