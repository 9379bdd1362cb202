/**
 * Goal: what a sensor gave can be told from the store alone, and a value that cannot be true is in it with its flag.
 * Method: the built programs with the simulated source and a driver whose sensor gives one spike, both calibrated;
 * then `sensorctl readings --raw` on the store, with both programs gone.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { calibrate } from '../../lib/flow/acquire/calibration.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import { startProgram } from '../support/child-program.ts';
import { createGateway, isEvent, seqsOf, upTo } from '../support/gateway.ts';

const SPIKE = 95.5;

/** A tank of which every fourth reading is garbled. */
const DRIVER = `
let reads = 0;
export function createSource({ name }) {
  return {
    async read() {
      reads += 1;
      const value = reads % 4 === 0 ? ${SPIKE} : 10 + (reads % 4) / 8;
      return [{ sensor: name, metric: 'temperature', unit: 'celsius', value }];
    },
  };
}
`;

const CALIBRATION = [
  '{sensor: tank, metric: temperature, scale: 1.02, offset: -0.4}',
  '{sensor: simulated-outdoor, metric: pressure, offset: 250}',
];

test('a calibrated spike is stored as suspect, and every raw value can be told from the store', async () => {
  const gateway = await createGateway();
  const path = join(gateway.dir, 'tank.mjs');
  writeFileSync(path, DRIVER);
  const settings = {
    SENSORGW_SOURCES: `[{type: simulated}, {type: module, name: tank, path: "${path}"}]`,
    SENSORGW_CALIBRATION: `[${CALIBRATION.join(', ')}]`,
    // A driver is loaded with its first read, which may take a while on a busy machine.
    SENSORGW_SAMPLING_DEADLINE: '900ms',
    SENSORGW_QUALITY: '[{sensor: tank, metric: temp*, change_max: 5}]',
  };

  const api = await gateway.startApi();
  const reader = await gateway.startReader(settings);
  const said = await reader.line(isEvent('series.suspected'));
  await reader.count(isEvent('round.sampled'), 5);
  const { accepted } = await gateway.finish(reader, settings);
  api.kill('SIGTERM');
  await api.exited;

  expect(said.msg).toMatch(
    /^temperature of tank is suspect \(spike\): 97\.01 celsius is too far from 10\.\d+/,
  );
  const stored = await gateway.stored();
  expect(seqsOf(stored)).toEqual(upTo(accepted));
  const flags = stored.filter(({ sensor, metric }) => sensor === 'tank' && metric === 'temperature');
  expect(new Set(flags.map((one) => one.flags))).toEqual(
    new Set([FLAG.calibrated, FLAG.calibrated | FLAG.suspect]),
  );
  const raws = await rawOf(gateway.env);
  const tank = raws.filter(({ sensor }) => sensor === 'tank');
  expect(tank.length).toBe(flags.length);
  expect(tank.slice(0, 4).map(({ raw }) => raw)).toContain(SPIKE);
  for (const { value, raw = Number.NaN, suspect } of tank) {
    expect([10.125, 10.25, 10.375, SPIKE]).toContain(raw);
    expect(value).toBe(calibrate(raw, { scale: 1.02, offset: -0.4 }));
    expect(suspect).toBe(raw === SPIKE ? true : undefined);
  }
  const pressures = raws.filter(({ metric }) => metric === 'pressure');
  expect(pressures.length).toBeGreaterThan(4);
  for (const { sensor, value, raw } of pressures)
    expect(raw).toBe(sensor === 'simulated-outdoor' ? value - 250 : undefined);
});

interface Printed {
  readonly sensor: string;
  readonly metric: string;
  readonly value: number;
  readonly raw?: number;
  readonly suspect?: boolean;
}

async function rawOf(env: Readonly<Record<string, string>>): Promise<Printed[]> {
  const args = ['readings', '--since', '1h', '--raw', '--json'];
  const sensorctl = startProgram('sensorctl', { args, env });
  await sensorctl.exited;
  const lines = sensorctl.lines as unknown as Printed[];
  return lines.filter(({ metric }) => !metric.includes('_calibration_'));
}
