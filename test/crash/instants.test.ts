/**
 * Deaths at the instants that random kills hardly ever hit: between a commit and what follows it. Which
 * instant an event stands for follows from where the product reports it.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { compileInto } from '../support/compile.js';
import { createGateway } from '../support/gateway.ts';
import { createKilledGateway, type Start } from './killed-gateway.ts';

interface Instant {
  readonly name: string;
  readonly program: 'sensor-main' | 'sensor-api-write';
  readonly event: string;
}

const INSTANTS: readonly Instant[] = [
  {
    name: 'a round is committed, and append has not returned',
    program: 'sensor-main',
    event: 'outbox.appended',
  },
  {
    name: 'an acknowledgement is noted, and not yet written',
    program: 'sensor-main',
    event: 'batch.delivered',
  },
  { name: 'rows have been trimmed', program: 'sensor-main', event: 'outbox.trimmed' },
  {
    name: 'the store has committed, and not yet answered',
    program: 'sensor-api-write',
    event: 'batch.ingested',
  },
];

/** One life ends at the first such instant, the next at a later one. */
const DEATHS = [1, 3];
const BACKLOG = 6_000;

const compiled = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
beforeAll(() => compileInto(compiled, ['test/crash/dying-program.ts']));
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

test.for(INSTANTS.map((instant) => [instant.name, instant] as const))(
  'a death in the instant when %s costs nothing, time after time',
  { timeout: 120_000 },
  async ([, { program, event }]) => {
    const gateway = await createGateway();
    const start: Start = (name, env) =>
      startCommand(process.execPath, [join(compiled, 'test/crash/dying-program.js'), name], env);
    const crashed = createKilledGateway(gateway, start);

    for (const [life, dieAt] of DEATHS.entries()) {
      await crashed.dieIn(program, { DIE_IN: event, DIE_AT: String(dieAt) }, life === 0 ? BACKLOG : 0);
      expect(crashed.audit().problems).toEqual([]);
    }
    await crashed.finish();

    const { problems, accepted, stored, buried, gone } = crashed.audit();
    expect({ problems, stored, buried, gone }).toEqual({
      problems: [],
      stored: accepted,
      buried: 0,
      gone: 0,
    });
    expect(accepted).toBeGreaterThan(BACKLOG);
  },
);
