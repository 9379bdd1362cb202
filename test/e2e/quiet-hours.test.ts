/**
 * Goal: a night in which a sensor has its quiet hours leaves a gap with that cause, and nothing that nobody can
 * explain. Method: the real reader, for which time passes sixty times as fast, the built write API, and `sensorctl
 * gaps` on what they left.
 */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCommand, startProgram } from '../support/child-program.ts';
import { compileForChild } from '../support/compiled.ts';
import { createGateway, type Gateway, isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';
import type { OnTestFinished } from '../support/temp-dir.ts';

const HURRY = 60;
const MINUTE_MS = 60_000;
/** Long ago enough that no reading comes from the future, and recent enough to be looked at. */
const START_AT = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 6 * 3_600_000;

const clockOf = (minutes: number) => new Date(START_AT + minutes * MINUTE_MS).toISOString().slice(11, 16);

/** From its second minute on it is quiet for eight; the other source never is. */
const SETTINGS = {
  SENSORGW_SAMPLING_INTERVAL: '20s',
  SENSORGW_SAMPLING_DEADLINE: '15s',
  SENSORGW_SOURCES:
    '[{type: simulated, name: lamp}, {type: simulated, name: simulated, quiet_hours: [never]}]',
  SENSORGW_QUIET_HOURS_ZONE: 'UTC',
  SENSORGW_QUIET_HOURS_SAMPLING: `${clockOf(2)}-${clockOf(10)}`,
  // In its own time: seconds for a machine that is busy with other tests.
  SENSORGW_DELIVERY_REQUEST_TIMEOUT: '5m',
  SENSORGW_DELIVERY_BATCH_TIMEOUT: '10m',
};

function startHurried(
  gateway: Gateway,
  onTestFinished: OnTestFinished,
  more: Readonly<Record<string, string>> = {},
) {
  const compiled = compileForChild('test/faults/hurried-reader.ts');
  const env = {
    ...gateway.env,
    ...SETTINGS,
    ...more,
    HURRY: String(HURRY),
    HURRY_FROM: new Date(START_AT).toISOString(),
  };
  const script = join(compiled, 'test/faults/hurried-reader.js');
  return startCommand(process.execPath, [script], env, onTestFinished);
}

async function gapsOf(gateway: Gateway, onTestFinished: OnTestFinished) {
  const args = ['gaps', '--since', '7d', '--json'];
  const env = { ...gateway.env, ...SETTINGS };
  const program = startProgram('sensorctl', { args, env, onTestFinished });
  const { code } = await program.exited;
  return { code, answer: program.lines[0] };
}

interface Silence {
  readonly sensors: readonly string[];
  readonly from: string;
  readonly to: string | null;
  readonly causes: readonly { readonly cause: string; readonly detail: string }[];
}

test.concurrent('quiet hours leave a gap that is declared, of their source alone, and nothing unexplained', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const api = await gateway.startApi();
  const reader = startHurried(gateway, onTestFinished);

  const began = await reader.line(isEvent('quiet_hours.began'));
  const over = await reader.line(isEvent('quiet_hours.ended'));
  await reader.count(isStored, reader.lines.filter(isStored).length + 3);
  reader.kill('SIGTERM');
  await reader.exited;
  const { code, answer } = await gapsOf(gateway, onTestFinished);
  api.kill('SIGTERM');
  await api.exited;

  expect(began).toMatchObject({ msg: `quiet hours until ${clockOf(10)}: not read: sources lamp` });
  expect(over).toMatchObject({ msg: 'quiet hours are over: read again: sources lamp' });
  expect({ code, ...answer }).toMatchObject({ code: 0, explained: true });
  const silences = answer?.silences as readonly Silence[];
  const quiet = silences.filter(({ causes }) => causes.some(({ cause }) => cause === 'quiet_hours'));
  expect(quiet).toHaveLength(1);
  expect(quiet[0]?.sensors.toSorted()).toEqual(['simulated-lamp-greenhouse', 'simulated-lamp-outdoor']);
  expect(quiet[0]?.causes).toContainEqual({ cause: 'quiet_hours', detail: `until ${clockOf(10)}` });
  const [from, to] = [Date.parse(quiet[0]?.from ?? ''), Date.parse(quiet[0]?.to ?? '')];
  expect(from).toBeLessThan(START_AT + 2 * MINUTE_MS);
  expect(to).toBeGreaterThanOrEqual(START_AT + 10 * MINUTE_MS);
  const during = (await gateway.stored()).filter(({ at }) => at > from && at < to);
  expect(new Set(during.map(({ sensor }) => sensor))).toEqual(
    new Set(['simulated-outdoor', 'simulated-greenhouse']),
  );
});

test.concurrent('quiet hours of delivery keep the readings, and each is stored once when they are over', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const api = await gateway.startApi();
  const reader = startHurried(gateway, onTestFinished, {
    SENSORGW_QUIET_HOURS_SAMPLING: 'never',
    SENSORGW_QUIET_HOURS_DELIVERY: SETTINGS.SENSORGW_QUIET_HOURS_SAMPLING,
  });

  await reader.line(isEvent('quiet_hours.ended'));
  await reader.count(isStored, reader.lines.filter(isStored).length + 3);
  const ledger = await gateway.finish(reader, { ...SETTINGS, SENSORGW_QUIET_HOURS_SAMPLING: 'never' });
  api.kill('SIGTERM');
  await api.exited;

  const [dusk, dawn] = ['quiet_hours.began', 'quiet_hours.ended'].map((type) =>
    reader.lines.findIndex(isEvent(type)),
  );
  const night = reader.lines.slice(dusk, dawn);
  expect(night.filter(isEvent('round.sampled')).length).toBeGreaterThan(5);
  // Both lanes may have had a request under way when they began.
  expect(night.filter(isStored).length).toBeLessThanOrEqual(2);
  expect(reader.lines.filter(isEvent('breaker.opened'))).toEqual([]);
  expect(seqsOf(await gateway.stored())).toEqual(upTo(ledger.accepted));
});
