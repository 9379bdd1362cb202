import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { acquireInstanceLock } from '../../lib/base/instance-lock.ts';
import { type ControlRequest, createControlSocket } from '../../lib/ops/control-socket.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { tempOutbox } from '../../test/support/temp-outbox.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { breakerHold, breakerRelease, breakerShow } from './breaker.ts';

test('a hold is asked of the running reader', async () => {
  const rig = commandRig();
  const asked: ControlRequest[] = [];
  const socket = createControlSocket(join(rig.dataDir, 'sensor-main.sock'), {
    'breaker.hold': (request) => void asked.push(request),
  });
  await socket.listen();
  onTestFinished(() => socket.close());

  const { exitCode, out } = await rig.run(breakerHold, { reason: 'upgrade' });

  expect(asked).toEqual([{ command: 'breaker.hold', destinations: ['local'], reason: 'upgrade' }]);
  expect(out).toEqual(['local: held']);
  expect(exitCode).toBe(0);
});

test('without a reader a hold and its release are written into the outbox for the next one', async () => {
  const rig = commandRig();
  const file = join(rig.dataDir, 'outbox.db');
  tempOutbox({ file }).outbox.close();

  await rig.run(breakerHold, { reason: 'upgrade' });
  const held = tempOutbox({ file });
  const whileHeld = held.outbox.breaker('local');
  held.outbox.close();
  await rig.run(breakerRelease);
  const { outbox } = tempOutbox({ file });

  expect(whileHeld).toMatchObject({ state: 'open', held: true, reason: 'upgrade', sinceAt: INCIDENT_AT });
  expect(outbox.breaker('local')).toMatchObject({ held: false, reason: '' });
});

test('a reader that runs but takes no orders is not told to stop', async () => {
  const rig = commandRig();
  tempOutbox({ file: join(rig.dataDir, 'outbox.db') }).outbox.close();
  const lock = acquireInstanceLock({ dir: rig.dataDir, name: 'sensor-main', pid: 4711 });
  onTestFinished(() => lock.release());

  const refused = rig.run(breakerHold);

  await expect(refused).rejects.toMatchObject({
    code: 'SGW_PROGRAM_REFUSED',
    message: expect.stringMatching(/^process 4711 runs sensor-main .*, but takes no orders at .*\.sock$/),
    hint: expect.not.stringContaining('Stop it'),
  });
});

test('releasing a breaker that nobody holds changes nothing', async () => {
  const rig = commandRig();
  const file = join(rig.dataDir, 'outbox.db');
  const first = tempOutbox({ file });
  const record = {
    state: 'open',
    streak: 3,
    step: 2,
    reason: 'timeout',
    sinceAt: 5,
    held: false,
    nextTryAt: 9,
  } as const;
  first.outbox.saveBreaker('local', record);
  first.outbox.close();

  await rig.run(breakerRelease);

  expect(tempOutbox({ file }).outbox.breaker('local')).toEqual(record);
});

test('show tells state, reason, next try and what happened lately', async () => {
  const rig = commandRig();
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  const health = { pid: process.pid, generated_at: INCIDENT_AT - 1_000 };
  writeFileSync(join(rig.dataDir, 'sensor-main.health.json'), JSON.stringify(health));
  outbox.saveBreaker('local', {
    state: 'open',
    streak: 3,
    step: 0,
    reason: 'connect ECONNREFUSED',
    sinceAt: INCIDENT_AT - 4_000,
    held: false,
    nextTryAt: INCIDENT_AT + 6_000,
  });

  const { out } = await rig.run(breakerShow);
  const { out: json } = await rig.run(breakerShow, { json: true });

  expect(out[0]).toBe('local: open for 4 s (connect ECONNREFUSED), next try in 6 s');
  expect(out.at(-1)).toMatch(/local {2}closed -> open {2}connect ECONNREFUSED$/);
  expect(JSON.parse(json[0] ?? '')).toMatchObject({
    destinations: [
      { name: 'local', state: 'open', failures: 3, next_try_at: new Date(INCIDENT_AT + 6_000).toISOString() },
    ],
    transitions: [{ destination: 'local', from: 'closed', to: 'open' }],
  });
});

test('show counts an outage from its beginning, not from the latest probe, and promises no try without a reader', async () => {
  const rig = commandRig();
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  const record = { streak: 3, step: 2, reason: 'timeout', held: false, nextTryAt: INCIDENT_AT + 9_000 };
  outbox.saveBreaker('local', { ...record, state: 'open', sinceAt: INCIDENT_AT - 5 * 3_600_000 });
  outbox.saveBreaker('local', { ...record, state: 'half_open', sinceAt: INCIDENT_AT - 60_000 });
  outbox.saveBreaker('local', { ...record, state: 'open', sinceAt: INCIDENT_AT - 59_000 });

  const { out } = await rig.run(breakerShow);

  expect(out[0]).toBe('local: open for 5 h (timeout), next try when the reader runs again');
});

test('show does not let the history of one destination hide behind that of another', async () => {
  const rig = commandRig();
  rig.environment.SENSORGW_DESTINATIONS =
    '[{name: local, url: "http://127.0.0.1:1"}, {name: far, url: "http://127.0.0.1:2"}]';
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db'), destinations: ['local', 'far'] });
  const record = {
    streak: 3,
    step: 2,
    reason: 'timeout',
    sinceAt: INCIDENT_AT,
    held: false,
    nextTryAt: null,
  };
  outbox.saveBreaker('far', { ...record, state: 'open' });
  for (let probe = 0; probe < 20; probe += 1) {
    outbox.saveBreaker('local', { ...record, state: 'open' });
    outbox.saveBreaker('local', { ...record, state: 'half_open' });
  }

  const { out } = await rig.run(breakerShow, { destination: 'far' });

  expect(out.at(-1)).toMatch(/far {2}closed -> open {2}timeout$/);
});

test('a destination that there is not is a usage error that names those there are', async () => {
  const rig = commandRig();

  await expect(rig.run(breakerHold, { destination: 'moon' })).rejects.toMatchObject({
    code: 'SGW_USAGE',
    message: 'no destination is named "moon"; there is local',
    hint: 'See: sensorctl breaker hold --help',
  });
});

test('a hold where no reader has ever run creates nothing', async () => {
  const rig = commandRig();

  await expect(rig.run(breakerHold)).rejects.toMatchObject({ code: 'SGW_DATABASE_MISSING' });
  expect(readdirSync(rig.dataDir)).toEqual([]);
});
