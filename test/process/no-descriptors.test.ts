/**
 * No file and no connection can be opened any more, because something has used up all descriptors: the limit is
 * lowered under a running program, whose connections have just been dropped, until the next one is refused.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ChildProgram } from '../support/child-program.ts';
import { createFaultSite } from '../support/fault-site.ts';
import { isAppended, isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';

const ROUNDS = 3;

test.concurrent.for(['reader', 'write API'])(
  'a %s that can open nothing any more lives on, and all that waited is stored once it can',
  async (which, context) => {
    const site = await createFaultSite(context);
    const reader = await site.startReader({ SENSORGW_SOURCES: '[simulated]' });
    await reader.count(isStored, 2);
    const program = which === 'reader' ? reader : site.api();

    await site.proxy.mode('refuse');
    await reader.line(isEvent('breaker.opened'));
    limitTo(program, lowestFree(program));
    await site.proxy.mode('pass');
    await reader.count(isEvent('breaker.opened'), reader.lines.filter(isEvent('breaker.opened')).length + 2);
    const rounds = reader.lines.filter(isAppended).length;
    await reader.count(isAppended, rounds + ROUNDS);
    const isOpen = reader.lines.filter(isEvent('breaker.closed')).length === 0;
    limitTo(program, 1_024);
    await reader.line(isEvent('breaker.closed'));
    const { accepted } = await site.gateway.finish(reader);
    site.api().kill('SIGTERM');

    expect(isOpen).toBe(true);
    expect(await reader.exited).toEqual({ code: 0, signal: null });
    expect(await site.api().exited).toEqual({ code: 0, signal: null });
    expect(seqsOf(await site.gateway.stored())).toEqual(upTo(accepted));
  },
);

/** The soft limit; the hard one stays, so that it can be raised again. */
function limitTo(program: ChildProgram, files: number): void {
  execFileSync('prlimit', ['--pid', String(program.pid), `--nofile=${files}:`]);
}

/** Whatever is opened next gets this number, and is refused where it is the limit. */
function lowestFree(program: ChildProgram): number {
  const open = new Set(readdirSync(`/proc/${program.pid}/fd`).map(Number));
  let free = 0;
  while (open.has(free)) free += 1;
  return free;
}
