/**
 * What we tell the supervisor (systemd): ready, alive, stopping, and one line of status. This is the
 * only home of the `sd-notify` addon. Outside systemd nothing is loaded and nothing is said; under
 * systemd without the addon we refuse to start, because a Type=notify unit would be killed anyway,
 * only later and without an explanation.
 */

import { GatewayError } from '../base/errors.ts';

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
}

/** The part of the addon that we use; it brings no types. */
interface SdNotifyAddon {
  ready(): void;
  watchdog(): void;
  sendStatus(text: string): void;
  stopping(pid: number): void;
  sendState(text: string): void;
  watchdogInterval(): number;
}

export interface SupervisorOptions {
  /** `$NOTIFY_SOCKET`: set by systemd for Type=notify units. */
  readonly notifySocket: string | undefined;
  readonly pid: number;
  /** For tests: stands in for `import('sd-notify')`. */
  readonly load?: () => Promise<unknown>;
}

const SILENT: Supervisor = {
  watchdogMs: undefined,
  extendStart() {},
  ready() {},
  heartbeat() {},
  status() {},
  stopping() {},
};

/** systemd cuts a longer status anyway, and a datagram should stay small. */
const STATUS_LENGTH_MAX = 200;

/** Throws `SGW_ADDON_MISSING` (exit 78) if there is a notify socket but no addon to speak to it. */
export async function connectSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  if (options.notifySocket === undefined || options.notifySocket === '') return SILENT;
  const addon = await loadAddon(options.load ?? importAddon);
  const watchdogMs = addon.watchdogInterval();
  return {
    // Zero when the unit has no WatchdogSec, or when it was meant for another process.
    watchdogMs: watchdogMs > 0 ? watchdogMs : undefined,
    extendStart: (ms) => addon.sendState(`EXTEND_TIMEOUT_USEC=${Math.ceil(ms) * 1_000}\n`),
    ready: () => addon.ready(),
    heartbeat: () => addon.watchdog(),
    status: (line) => addon.sendStatus(line.replace(/[^\x20-\x7e]/g, ' ').slice(0, STATUS_LENGTH_MAX)),
    stopping: () => addon.stopping(options.pid),
  };
}

async function importAddon(): Promise<unknown> {
  // @ts-expect-error The addon brings no types, and may not be installed at all.
  return import('sd-notify');
}

async function loadAddon(load: () => Promise<unknown>): Promise<SdNotifyAddon> {
  try {
    const module = await load();
    const addon = (module as { default?: unknown }).default ?? module;
    if (isAddon(addon)) return addon;
    throw new TypeError('sd-notify does not offer the functions we know');
  } catch (error) {
    throw new GatewayError(
      'SGW_ADDON_MISSING',
      'started by systemd (NOTIFY_SOCKET is set) without the sd-notify addon',
      {
        hint: 'In the installation directory: sudo apt-get install -y build-essential python3 libsystemd-dev && sudo npm rebuild sd-notify',
        cause: error,
      },
    );
  }
}

function isAddon(value: unknown): value is SdNotifyAddon {
  const addon = value as Record<string, unknown> | null | undefined;
  const names = ['ready', 'watchdog', 'sendStatus', 'stopping', 'sendState', 'watchdogInterval'];
  return names.every((name) => typeof addon?.[name] === 'function');
}
