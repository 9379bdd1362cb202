/**
 * A program's state as a small JSON file in the runtime directory, for `sensorctl status`, the recovery
 * script and whoever else looks from outside. Replaced atomically, so that a reader never sees half of
 * it; on a RAM file system, so that it costs no card wear. Its age is the message: a fresh file comes
 * from a program whose event loop turns.
 */

import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeBeside } from './run-file.ts';

/** Version of the file's form, for those who read it. */
const FORMAT = 1;

/** A program beats every 10 s or more often; three beats may be late on a busy machine before it is called silent. */
export const HEALTH_FRESH_MS = 45_000;

export interface HealthFile {
  /** Throws what the file system throws; the caller decides that health must not stop the work. */
  write(state: Readonly<Record<string, unknown>>): void;
  /** Taken away at a clean stop: no file means not running. */
  remove(): void;
}

export interface HealthFileOptions {
  readonly dir: string;
  readonly program: string;
  readonly pid: number;
  readonly version: string;
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
}

export function createHealthFile(options: HealthFileOptions): HealthFile {
  const file = join(options.dir, `${options.program}.health.json`);
  return {
    write(state) {
      const { program, pid, version } = options;
      const generated = {
        generated_at: options.wallMs(),
        generated_mono_ms: Math.round(options.monotonicMs()),
      };
      const text = JSON.stringify({ format: FORMAT, program, pid, version, ...generated, ...state });
      renameSync(writeBeside(file, `${text}\n`), file);
    },
    remove() {
      rmSync(file, { force: true });
    },
  };
}
