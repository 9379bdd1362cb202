/** The ways in which a call may fail, by name: each is a loop of its own over every call that it can befall. */

import { constants } from 'node:os';
import { type Fault, KINDS, type Kind } from './fault-page.ts';

const { EIO, ENOSPC, EROFS, EMFILE, ECONNRESET, ENOBUFS } = constants.errno;

/** What a call to a file may be. */
const FILES: readonly Kind[] = KINDS.slice(0, KINDS.indexOf('connect'));
/** Those that change something; a disk that is full or read-only lets the others through. */
const CHANGES: readonly Kind[] = ['write', 'truncate', 'rename', 'mkdir'];
const SOCKETS: readonly Kind[] = ['connect', 'accept', 'send', 'receive'];

const once = { style: 'fail', stays: false } as const;

export const FAULTS = {
  /** One call to a file gives an I/O error. */
  error: { ...once, kinds: FILES, error: EIO },
  /** From one call on every call to a file gives one, as of a card that has come loose. */
  'errors from then on': { ...once, kinds: FILES, error: EIO, stays: true },
  /** What a sync, a write, a rename says to have failed has been done. */
  'done and called failed': {
    kinds: [...CHANGES, 'sync', 'unlink'],
    error: EIO,
    style: 'done',
    stays: false,
  },
  /** Half of a write reaches the disk, and it says that it failed. */
  'torn write': { kinds: ['write'], error: EIO, style: 'torn', stays: false },
  /** Half of a write is done, and said to be half: allowed, and rarely seen. */
  'short write': { kinds: ['write'], error: 0, style: 'short', stays: false },
  /** One write finds the disk full. */
  full: { ...once, kinds: CHANGES, error: ENOSPC },
  'full from then on': { ...once, kinds: CHANGES, error: ENOSPC, stays: true },
  'read-only from then on': {
    ...once,
    kinds: ['write', 'truncate', 'rename', 'mkdir', 'unlink', 'chmod'],
    error: EROFS,
    stays: true,
  },
  /** No descriptor is left for a file. */
  'no descriptor': { ...once, kinds: ['open'], error: EMFILE },
  /** One call to a socket, of either program, finds the connection reset. */
  reset: { ...once, kinds: SOCKETS, error: ECONNRESET },
  'resets from then on': { ...once, kinds: ['connect', 'send', 'receive'], error: ECONNRESET, stays: true },
  /** What was sent has arrived, and the sender is told that it has not: the reply that is lost after storing. */
  'sent and called failed': { kinds: ['send', 'receive'], error: ECONNRESET, style: 'done', stays: false },
  /** One message to the supervisor is refused. */
  'no notification': { ...once, kinds: ['notify'], error: ENOBUFS },
  'no notifications from then on': { ...once, kinds: ['notify'], error: ENOBUFS, stays: true },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export const befallsFiles = (name: FaultName): boolean =>
  FAULTS[name].kinds.some((kind) => FILES.includes(kind));
