/**
 * What we tell the supervisor (systemd): ready, alive, stopping, and one line of status. Outside systemd
 * nothing is loaded and nothing is said; under systemd without the addon we refuse to start, because a
 * Type=notify unit would be killed anyway, only later and without an explanation.
 */

import { GatewayError } from '../base/errors.ts';
import { type NotifyThreadOptions, startNotifyThread } from './notify-thread.ts';

export interface Supervisor {
  /** How long the supervisor waits for a heartbeat before it kills us; `undefined`: it does not. */
  readonly watchdogMs: number | undefined;

  /** EXTEND_TIMEOUT_USEC: the start may take so much longer from now. */
  extendStart(ms: number): void;
  /** READY=1: truly able to work. The watchdog counts from here. */
  ready(): void;
  /** WATCHDOG=1. Only to be called by someone who knows that no loop is overdue. */
  heartbeat(): void;
  /** STATUS=: what a person wants to know, on one line. */
  status(line: string): void;
  /** STOPPING=1. */
  stopping(): void;
  /** It takes no messages any more: an orderly exit would wait for it for ever. */
  readonly hangs: boolean;
}

export interface SupervisorOptions extends NotifyThreadOptions {
  /** `$NOTIFY_SOCKET`: set by systemd for Type=notify units. */
  readonly notifySocket: string | undefined;
}

const SILENT: Supervisor = {
  watchdogMs: undefined,
  extendStart() {},
  ready() {},
  heartbeat() {},
  status() {},
  stopping() {},
  hangs: false,
};

/** systemd cuts a longer status anyway, and a datagram should stay small. */
const STATUS_LENGTH_MAX = 200;

/** Throws `SGW_ADDON_MISSING` (exit 78) if there is a notify socket but no addon to speak to it. */
export async function connectSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  if (options.notifySocket === undefined || options.notifySocket === '') return SILENT;
  const thread = await startNotifyThread(options).catch((error: unknown) => {
    throw new GatewayError(
      'SGW_ADDON_MISSING',
      'started by systemd (NOTIFY_SOCKET is set) without the sd-notify addon',
      {
        hint: 'In the installation directory: sudo apt-get install -y build-essential python3 libsystemd-dev && sudo npm rebuild sd-notify',
        cause: error,
      },
    );
  });
  return {
    watchdogMs: thread.watchdogMs,
    extendStart: (ms) => thread.send(`EXTEND_TIMEOUT_USEC=${Math.ceil(ms) * 1_000}`),
    ready: () => thread.send('READY=1'),
    heartbeat: () => thread.send('WATCHDOG=1'),
    status: (line) => thread.send(`STATUS=${line.replace(/[^\x20-\x7e]/g, ' ').slice(0, STATUS_LENGTH_MAX)}`),
    stopping: () => thread.send('STOPPING=1'),
    get hangs() {
      return thread.hangs;
    },
  };
}
