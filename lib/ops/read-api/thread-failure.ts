/** What went wrong in a thread that reads the store, in a form that can be sent to another thread, and back from it. */

import { codeOf, GatewayError, messageOf } from '../../base/errors.ts';
import { STORE_FAULTS, StoreFault, type StoreFaultCode } from '../../flow/write-api/readings-store.ts';
import { asStoreFault } from '../../flow/write-api/store/sqlite-fault.ts';

export interface ThreadFailure {
  /** `fault`: a `StoreFault`; `gone`: a `GatewayError`; `bug`: anything else. */
  readonly kind: 'fault' | 'gone' | 'bug';
  readonly code: string;
  readonly message: string;
}

/** Why there is no store that could be asked. */
const GONE_CODES = [
  'SGW_DATABASE_MISSING',
  'SGW_SCHEMA_TOO_NEW',
  'SGW_DATABASE_FOREIGN',
  'SGW_DATA_DIR_UNUSABLE',
] as const;
export type StoreGoneCode = (typeof GONE_CODES)[number];

/** There is no store to be read: not yet, not any more, or not by us. */
export class StoreGone extends Error {
  readonly code: StoreGoneCode;

  constructor(code: StoreGoneCode, message: string) {
    super(message);
    this.name = 'StoreGone';
    this.code = code;
  }
}

export function failureOf(thrown: unknown): ThreadFailure {
  const error = asStoreFault(thrown);
  const message = messageOf(error);
  if (error instanceof StoreFault) return { kind: 'fault', code: error.code, message };
  // Its number and its tables contradict each other.
  if (codeOf(error) === 'SGW_INTERNAL') return { kind: 'fault', code: 'store_corrupt', message };
  if (error instanceof GatewayError) return { kind: 'gone', code: error.code, message };
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  return { kind: 'bug', code: codeOf(error) ?? 'unknown', message: stack };
}

export function errorOf({ kind, code, message }: ThreadFailure): Error {
  const gone = GONE_CODES.find((one) => one === code);
  if (kind === 'gone' && gone !== undefined) return new StoreGone(gone, message);
  if (kind === 'fault' && isFaultCode(code)) return new StoreFault(code, message, undefined);
  return new Error(`${code}: ${message}`);
}

function isFaultCode(code: string): code is StoreFaultCode {
  return code in STORE_FAULTS;
}
