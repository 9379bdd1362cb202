/** A sensor that takes a real thread along and never gives it back, in the whole reader. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { createGateway, isEvent, isStored } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';

const SENSORS = [
  '{type: bme280, name: hung, bus: 1}',
  '{type: bme280, name: flaky, bus: 2}',
  '{type: bme280, name: sound, bus: 3}',
  'kernel',
];
const ROUNDS_AFTERWARDS = 15;

test('a sensor that hangs for ever costs neither a round of the others nor the process, nor the end of it', async () => {
  const gateway = await createGateway();
  await gateway.startApi();
  const fifo = join(tempDir(), 'fifo');
  expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
  const script = join(compileForChild('test/process/hanging-reader.ts'), 'test/process/hanging-reader.js');
  const reader = startCommand(process.execPath, [script], {
    ...gateway.env,
    SENSORGW_SOURCES: `[${SENSORS.join(', ')}]`,
    SENSORGW_I2C_TIMEOUT: '200ms',
    FIFO: fifo,
  });
  const isRound = isEvent('round.sampled');

  await reader.line((line) => line.event === 'source.failed' && /bus 1 hangs/.test(String(line.message)));
  const before = reader.lines.filter(isRound).length;
  await reader.count(isRound, before + ROUNDS_AFTERWARDS);
  const health: unknown = JSON.parse(readFileSync(join(gateway.runDir, 'sensor-main.health.json'), 'utf8'));
  await reader.count(isStored, before + ROUNDS_AFTERWARDS);
  const rounds = reader.lines.filter(isRound).length;
  reader.kill('SIGTERM');

  // It dies of the signal, because an exit would wait for the thread that hangs.
  expect(await reader.exited).toEqual({ code: null, signal: 'SIGTERM' });
  expect(reader.lines.filter((line) => /withheld/.test(String(line.msg)))).toEqual([]);
  expect(health).toMatchObject({
    i2c_buses: [
      { bus: 1, state: 'stuck', abandoned: 1 },
      { bus: 2, state: 'free', abandoned: 0 },
      { bus: 3, state: 'free', abandoned: 0 },
    ],
  });
  const stored = (await gateway.stored()).filter(({ metric }) => metric === 'temperature');
  const times = (sensor: string) => stored.filter((reading) => reading.sensor === sensor).length;
  // One round may have been under way at the end.
  expect(times('sound')).toBeGreaterThanOrEqual(rounds - 1);
  expect(times('flaky')).toBeGreaterThan(0.8 * rounds);
  expect(times('hung')).toBeLessThanOrEqual(before);
});
