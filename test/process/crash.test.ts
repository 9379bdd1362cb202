/**
 * A mistake in the code of the reader itself that nobody caught: here in a driver of one's own, which runs in the
 * same process. The reader cannot know what it has broken, so it says why, ends, and the next run goes on.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProgram } from '../support/child-program.ts';
import { createGateway, isStored, seqsOf, upTo } from '../support/gateway.ts';

const READS_BEFORE = 3;

const MISTAKES = [
  ['throws where nobody can catch it', `setImmediate(() => { throw new Error('a mistake in the tank'); })`],
  ['rejects, and nobody listens', `void Promise.reject(new Error('a mistake in the tank'))`],
] as const;

test.concurrent.for(MISTAKES)(
  'a reader in which something %s says what it was and exits 70',
  async ([_what, mistake], { onTestFinished }) => {
    const gateway = await createGateway({ onTestFinished });
    await gateway.startApi();
    const driver = join(gateway.dir, 'tank.mjs');
    writeFileSync(
      driver,
      `let reads = 0;
    export const createSource = () => ({
      async read() {
        reads += 1;
        if (reads > ${READS_BEFORE}) ${mistake};
        return [{ sensor: 'tank', metric: 'level', unit: 'ratio', value: 0.5 }];
      },
    });`,
    );
    const tank = { SENSORGW_SOURCES: `[{type: module, name: tank, path: ${driver}}, simulated]` };

    const reader = await gateway.startReader(tank);
    await reader.count(isStored, 2);
    const exit = await reader.exited;
    const status = startProgram('sensorctl', { args: ['status'], env: gateway.env, onTestFinished });
    const { code } = await status.exited;
    const { accepted } = await gateway.drain();

    expect(exit).toEqual({ code: 70, signal: null });
    const said = reader.lines.find(({ msg }) => String(msg).startsWith('ends because of a bug'));
    expect(said).toMatchObject({ msg: 'ends because of a bug: a mistake in the tank' });
    // Where the mistake is.
    expect(JSON.stringify(said)).toContain('tank.mjs');
    expect(code).not.toBe(0);
    expect(status.lines.map(({ text }) => text).join('\n')).toMatch(/reader.*(not running|silent)/i);
    expect(seqsOf(await gateway.stored())).toEqual(upTo(accepted));
  },
);
