/**
 * Loads a driver that somebody else wrote, from a file. A module exports either
 *
 *   driver         a chip on an I2C bus, as `ChipDriver` says
 *   createSource   anything else: a function that returns `{ read(signal), close? }`
 *
 * It becomes a part of this process, so it is only taken from a file that nobody else may change. What it does
 * afterwards is contained like everything that a source does; only an endless loop is beyond that, and ends at
 * the watchdog.
 */

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeOf, messageOf } from '../../../../base/errors.ts';
import type { Measurement } from '../../sensor-source.ts';
import type { ChipDriver, I2cDevice } from '../i2c/chip.ts';
import { isDriver, isObject, problemsOfDriver } from './driver-shape.ts';

/** What `createSource` is handed. */
export interface ModuleDeps {
  /** As configured; a name for its sensor, if it has only one. */
  readonly name: string;
  /** Waits; rejects when `signal` aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** For measuring time: milliseconds that never go back. */
  readonly monotonicMs: () => number;
  /** A chip on the configured bus. */
  readonly device: (address: number) => I2cDevice;
}

/** What `createSource` returns. */
export interface ModuleSource {
  /** As `SensorSource.read`. */
  read(signal: AbortSignal): Promise<readonly Measurement[]>;
  close?(): void;
}

export type DriverModule =
  | { readonly kind: 'chip'; readonly driver: ChipDriver }
  | { readonly kind: 'source'; readonly createSource: (deps: ModuleDeps) => unknown };

/** Everybody may write. */
const WORLD_WRITABLE = 0o002;
/** In such a directory only owners may replace files, as in /tmp. */
const STICKY = 0o1000;

/**
 * Throws an error that says what is wrong with the file, or with what it exports. May be called again after it was
 * mended.
 */
export async function loadDriverModule(path: string): Promise<DriverModule> {
  const changedMs = await assertOurs(path);
  const url = pathToFileURL(path);
  // A module that has failed to load is remembered by its address: another one for each state of the file.
  url.searchParams.set('changed', String(Math.round(changedMs)));
  let exported: unknown;
  try {
    exported = await import(/* @vite-ignore */ url.href);
  } catch (error) {
    throw new Error(`${path} cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
  return moduleOf(path, exported);
}

/** Returns when the file was last changed. */
async function assertOurs(path: string): Promise<number> {
  const [file, directory] = await Promise.all([stat(path), stat(dirname(path))]).catch((error: unknown) => {
    throw new Error(
      `${path} cannot be opened (${codeOf(error)}): ${ADVICE[codeOf(error) ?? ''] ?? messageOf(error)}`,
      {
        cause: error,
      },
    );
  });
  if (!file.isFile()) throw new Error(`${path} is not a file`);
  const open = (file.mode & WORLD_WRITABLE) !== 0;
  const replaceable = (directory.mode & WORLD_WRITABLE) !== 0 && (directory.mode & STICKY) === 0;
  if (open || replaceable) {
    const what = open ? path : dirname(path);
    throw new Error(`${what} can be changed by everybody: sudo chmod o-w ${what}`);
  }
  return file.mtimeMs;
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT:
    'it is not there, or not for the service, which sees neither /home nor /tmp. Put it into /etc/sensor-gateway/drivers',
  EACCES:
    'the user of the service may not read it. Put it into /etc/sensor-gateway/drivers, readable for everybody',
};

function moduleOf(path: string, exported: unknown): DriverModule {
  // A CommonJS module has everything in its default export, and its names only if Node has found them.
  for (const candidate of [exported, isObject(exported) ? exported.default : undefined]) {
    if (!isObject(candidate)) continue;
    const { driver, createSource } = candidate;
    if (isFunction(createSource)) return { kind: 'source', createSource };
    if (isDriver(driver)) return { kind: 'chip', driver };
    if (driver !== undefined) throw new Error(`${path}: ${problemsOfDriver(driver).join('; ')}`);
  }
  throw new Error(`${path} exports neither "driver" nor "createSource"`);
}

function isFunction(value: unknown): value is (deps: ModuleDeps) => unknown {
  return typeof value === 'function';
}

/** Throws if it is none. */
export function assertModuleSource(path: string, source: unknown): asserts source is ModuleSource {
  if (!isObject(source) || typeof source.read !== 'function') {
    throw new Error(`${path}: createSource must return an object with a function "read"`);
  }
  if (source.close !== undefined && typeof source.close !== 'function') {
    throw new Error(`${path}: "close" must be a function, or left out`);
  }
}
