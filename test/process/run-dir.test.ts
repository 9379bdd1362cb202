/** A runtime directory that is cleared under running programs: by a person, or by a cleaner of temporary files. */

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askProgram } from '../../lib/ops/control-socket.ts';
import { controlPath } from '../../src/wiring/names.ts';
import { createGateway, isAppended } from '../support/gateway.ts';

const CLEARINGS = [
  [
    'its files are removed',
    (dir: string) => {
      for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true });
    },
  ],
  ['it is removed as a whole', (dir: string) => rmSync(dir, { recursive: true })],
] as const;

test.each(CLEARINGS)(
  'when %s, the reader works on, takes orders and shows its health again by itself',
  { timeout: 120_000 },
  async (_how, clear) => {
    const gateway = await createGateway();
    const reader = await gateway.startReader();
    await reader.line(isAppended);
    const socket = controlPath(gateway.runDir);

    clear(gateway.runDir);
    const meanwhile = await askProgram(socket, { command: 'no such order' });
    await reader.line((line) => String(line.msg).startsWith('the control socket was gone, and is back'));

    expect(meanwhile).toBeUndefined();
    await expect(askProgram(socket, { command: 'no such order' })).rejects.toThrow('unknown command');
    const rounds = reader.lines.filter(isAppended).length;
    await reader.count(isAppended, rounds + 2);
    expect(existsSync(join(gateway.runDir, 'sensor-main.health.json'))).toBe(true);
  },
);
