/** A sensor that takes a real thread along and never gives it back, in the whole reader. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand, startProgram } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { createGateway, isEvent, isStored } from '../support/gateway.ts';
import { tempDir } from '../support/temp-dir.ts';
import { HANGS } from './hanging-addon.ts';

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
    // As long as can be: a busy machine is not to be taken for a bus that hangs.
    SENSORGW_I2C_TIMEOUT: '800ms',
    SENSORGW_SAMPLING_DEADLINE: '900ms',
    FIFO: fifo,
  });
  const isRound = isEvent('round.sampled');

  await reader.line(({ text }) => text === HANGS);
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
      { bus: 1, state: 'stuck' },
      { bus: 2, state: 'free' },
      { bus: 3, state: 'free' },
    ],
  });
  const stored = (await gateway.stored()).filter(({ metric }) => metric === 'temperature');
  const times = (sensor: string) => stored.filter((reading) => reading.sensor === sensor).length;
  // A busy machine is late for a round now and then; behind the sensor that hangs there would be none at all.
  expect(times('sound')).toBeGreaterThan(0.6 * rounds);
  expect(times('flaky')).toBeGreaterThan(0.4 * rounds);
  expect(times('hung')).toBeLessThanOrEqual(before);
});

test('sensorctl ends although the sensor that it has read hangs', async () => {
  const dir = tempDir();
  const [fifo, driver] = [join(dir, 'fifo'), join(dir, 'tank.mjs')];
  expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
  writeFileSync(
    driver,
    `import { open } from 'node:fs/promises';
    export const createSource = () => ({ read: () => open(${JSON.stringify(fifo)}, 'r') });`,
  );

  const reading = startProgram('sensorctl', {
    args: ['sensors', 'read', 'tank'],
    env: {
      SENSORGW_DATA_DIR: dir,
      SENSORGW_RUN_DIR: dir,
      SENSORGW_SOURCES: `[{type: module, name: tank, path: ${driver}, deadline: 300ms}]`,
    },
  });

  expect(await reading.exited).toEqual({ code: null, signal: 'SIGTERM' });
  expect(reading.lines.map(({ text }) => text).join('\n')).toMatch(
    /tank.*\n(.*\n)*.*A call hangs in a driver/,
  );
});
