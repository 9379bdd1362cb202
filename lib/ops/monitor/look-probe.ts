/**
 * The doctor's probe for who looks all the time: files through the looking thread, and programs only where nothing else
 * tells.
 */

import { codeOf } from '../../base/errors.ts';
import { NotPermitted, type Probe } from '../doctor/probe.ts';
import type { AskLook } from './looks.ts';

export interface LookProbeOptions {
  readonly ask: AskLook;
  readonly system: Pick<Probe, 'run' | 'fetch'>;
  /** Where /proc, /sys, /run and /etc are; `/` if left out. */
  readonly root?: string;
}

export function createLookProbe({ ask, system, root = '' }: LookProbeOptions): Probe {
  async function permitted<T>(path: string, look: (path: string) => Promise<T>): Promise<T> {
    try {
      return await look(root + path);
    } catch (error) {
      if (['EACCES', 'EPERM'].includes(codeOf(error) ?? '')) throw new NotPermitted(path);
      throw error;
    }
  }
  return {
    run: system.run,
    fetch: system.fetch,
    readFile: (path) => permitted(path, (real) => ask('readText', real)),
    list: (dir) => permitted(dir, (real) => ask('namesIn', real)),
    stat: (path, options) => permitted(path, (real) => ask('statOf', real, options?.follow === true)),
    room: (path) => permitted(path, (real) => ask('roomAt', real)),
  };
}
