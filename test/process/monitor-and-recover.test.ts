/** What the recovery script does with a machine of which every part answers what a test wants. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  ACTIVE,
  API,
  createRecoveryMachine,
  MONITOR,
  READER,
  type RecoveryMachine,
  uptimeS,
} from '../support/recovery-machine.ts';

it('says and does nothing while all units are well', () => {
  const machine = createRecoveryMachine();

  const { status, lines } = machine.run();

  expect({ status, lines, restarts: machine.restarts() }).toEqual({ status: 0, lines: [], restarts: [] });
});

it('restarts a unit that systemd has given up on, and lifts its start limit first', () => {
  const machine = createRecoveryMachine();
  machine.unit(API, ACTIVE.replace('active', 'failed').replace('Result=success', 'Result=start-limit-hit'));

  const { status, lines } = machine.run();

  expect(status).toBe(1);
  expect(lines).toEqual([`${API}: has failed (start-limit-hit) and systemd has given up; restarted`]);
  expect(machine.calls().filter((call) => !call.startsWith('show'))).toEqual([
    `reset-failed ${API}`,
    `--no-block restart ${API}`,
  ]);
});

it('restarts a monitor that has fallen silent, and nothing else for it', () => {
  const machine = createRecoveryMachine();
  machine.monitorHealth(100);

  const runs = [machine.run(), machine.run()];

  expect(runs[0]?.lines[0]).toContain(
    `${MONITOR}: has not renewed its health file for 100 s; will look again`,
  );
  expect(runs[1]?.lines[0]).toContain('2 times in a row; restarted');
  expect(machine.restarts()).toEqual([MONITOR]);
});

it('misses no monitor where none is installed', () => {
  const machine = createRecoveryMachine();
  machine.unit(MONITOR, 'LoadState=not-found\nActiveState=inactive');

  expect(machine.run()).toEqual({ status: 0, lines: [] });
});

it('waits for the cooldown before it restarts the same unit again', () => {
  const machine = createRecoveryMachine();
  machine.unit(READER, ACTIVE.replace('active', 'failed'));

  machine.run();
  const second = machine.run();

  expect(second.status).toBe(1);
  expect(second.lines[0]).toMatch(/restarted \d+ s ago, waiting until 300 s have passed$/);
  expect(machine.restarts()).toEqual([READER]);
});

it('restarts again when the cooldown is over', () => {
  const machine = createRecoveryMachine();
  machine.unit(READER, ACTIVE.replace('active', 'failed'));

  machine.run();
  machine.note(`${READER}.restarts`, uptimeS() - 301);
  machine.run();

  expect(machine.restarts()).toEqual([READER, READER]);
});

it('restarts a unit three times in an hour, then leaves a ticket and the unit alone', () => {
  const machine = createRecoveryMachine();
  machine.unit(READER, ACTIVE.replace('active', 'failed'));
  const ages = [3_500, 2_000, 400];
  machine.note(`${READER}.restarts`, ...ages.map((age) => uptimeS() - age));

  const runs = [machine.run(), machine.run()];

  expect(runs.map(({ lines }) => lines.length)).toEqual([1, 0]);
  expect(runs[0]?.lines[0]).toContain('3 restarts in an hour did not help. Somebody must look');
  expect(machine.restarts()).toEqual([]);
  expect(machine.ticket(READER)).toContain(`unit: ${READER}\nreason: has failed`);
});

it('takes the ticket back when the unit is well again, and restarts again when the hour is over', () => {
  const machine = createRecoveryMachine();
  machine.unit(READER, ACTIVE.replace('active', 'failed'));
  machine.note(`${READER}.restarts`, uptimeS() - 3_000, uptimeS() - 2_000, uptimeS() - 1_000);
  machine.run();

  machine.unit(READER, ACTIVE);
  machine.run();
  const afterRecovery = machine.ticket(READER);
  machine.unit(READER, ACTIVE.replace('active', 'failed'));
  machine.note(`${READER}.restarts`, uptimeS() - 3_700, uptimeS() - 2_000, uptimeS() - 1_000);
  machine.run();

  expect(afterRecovery).toBeUndefined();
  expect(machine.restarts()).toEqual([READER]);
});

it('lifts a start limit only after the unit has been down for the cooldown', () => {
  const machine = createRecoveryMachine();
  const failed = ACTIVE.replace('active', 'failed').replace('Result=success', 'Result=start-limit-hit');
  const downFor = (seconds: number) =>
    machine.unit(API, `${failed}\nInactiveEnterTimestampMonotonic=${(uptimeS() - seconds) * 1_000_000}`);

  downFor(10);
  const soon = machine.run();
  downFor(310);
  machine.run();

  expect(soon.lines[0]).toContain('will start it when 300 s have passed');
  expect(machine.restarts()).toEqual([API]);
});

it.each([
  ['never unless it is told to', {}, false],
  ['when a ticket has stood for an hour and it is told to', { RECOVER_REBOOT: 'yes' }, true],
])('reboots the machine %s', (_when, variables, reboots) => {
  const machine = createRecoveryMachine();
  const rebootsAfter = (uptime: number, ticketAge: number) => {
    machine.unit(READER, ACTIVE.replace('active', 'failed'));
    machine.note(`${READER}.restarts`, uptime - 3_000, uptime - 2_000, uptime - 1_000);
    machine.note(`${READER}.ticket`, uptime - ticketAge);
    machine.runWith(variables);
    return machine.calls().filter((call) => call === 'reboot').length;
  };
  machine.uptime(100_000);

  const early = rebootsAfter(100_000, 1_800);
  const late = rebootsAfter(100_000, 3_700);
  const again = rebootsAfter(100_000, 3_700);

  expect([early, late, again]).toEqual(reboots ? [0, 1, 1] : [0, 0, 0]);
});

it.each([
  ['has not renewed its health file', (machine: RecoveryMachine) => machine.health(300)],
  ['has a health file that cannot be read', (machine: RecoveryMachine) => machine.healthText('{"generated')],
])('a reader that %s is restarted at the second look, not the first', (reason, spoil) => {
  const machine = createRecoveryMachine();
  spoil(machine);

  const first = machine.run();
  const second = machine.run();

  expect(first.lines[0]).toContain(`${READER}: ${reason}`);
  expect(first.lines[0]).toContain('will look again');
  expect(second.lines[0]).toContain('2 times in a row; restarted');
  expect(machine.restarts()).toEqual([READER]);
});

it('a write API that does not answer is restarted at the second look, and one good look in between forgives it', () => {
  const machine = createRecoveryMachine();

  for (const status of ['000', '200', '503', '000']) {
    machine.apiStatus(status);
    machine.run();
  }

  expect(machine.restarts()).toEqual([API]);
});

it('asks a write API through its socket, whatever its port is, and only whether it lives', async () => {
  const machine = createRecoveryMachine();
  await machine.openSocket();
  machine.apiStatus('000');

  const { status, lines } = machine.run();

  expect({ status, lines }).toEqual({ status: 0, lines: [] });
  expect(machine.asked()).toEqual([
    expect.stringMatching(/--noproxy \* .*--unix-socket \S+\/sensor-api\.sock http:\/\/localhost\/livez$/),
  ]);
});

it('restarts a write API that is silent at its socket, although somebody answers at the port', async () => {
  const machine = createRecoveryMachine();
  await machine.openSocket();
  machine.socketStatus('000');

  const first = machine.run();
  machine.run();

  expect(first.lines[0]).toMatch(/does not answer \S+\/sensor-api\.sock \(status 000\); will look again/);
  expect(machine.restarts()).toEqual([API]);
});

it.each([
  ['there is no socket', false, undefined, 'http://127.0.0.1:8470/livez'],
  ['a place was named', true, 'https://gateway.example:8471/livez', 'https://gateway.example:8471/livez'],
  [
    'the place was named that tells of the store, too',
    true,
    'https://127.0.0.1:8470/health',
    'https://127.0.0.1:8470/livez',
  ],
])('asks at a port where %s', async (_where, socket, named, asked) => {
  const machine = createRecoveryMachine();
  if (socket) await machine.openSocket();

  machine.runWith(named === undefined ? {} : { RECOVER_HEALTH_URL: named });

  expect(machine.asked()).toEqual([expect.stringMatching(new RegExp(` ${asked}$`))]);
  expect(machine.asked()[0]).not.toContain('--unix-socket');
});

it('everybody may look at what it has noted, and nobody but root can hold its lock', () => {
  const machine = createRecoveryMachine();
  machine.unit(READER, ACTIVE.replace('active', 'failed'));
  const hour = [3_000, 2_000, 1_000].map((ago) => uptimeS() - ago);
  machine.note(`${READER}.restarts`, ...hour);
  // As an older release has left it.
  chmodSync(machine.notesDir, 0o700);

  machine.run();

  const mode = (name: string) => (statSync(join(machine.notesDir, name)).mode & 0o777).toString(8);
  expect(Object.fromEntries(['.', `${READER}.ticket`, 'lock'].map((name) => [name, mode(name)]))).toEqual({
    '.': '755',
    [`${READER}.ticket`]: '644',
    lock: '600',
  });
});

it('a ticket that an older release has left can be read with the next look', () => {
  const machine = createRecoveryMachine();
  machine.unit(READER, ACTIVE.replace('active', 'failed'));
  machine.note(`${READER}.restarts`, uptimeS() - 3_000, uptimeS() - 2_000, uptimeS() - 1_000);
  machine.note(`${READER}.ticket`, uptimeS() - 60);
  chmodSync(join(machine.notesDir, `${READER}.ticket`), 0o600);

  machine.run();

  expect(statSync(join(machine.notesDir, `${READER}.ticket`)).mode & 0o777).toBe(0o644);
});

it('counts restarts over a time in which the unit was well: what fails again and again is bounded, too', () => {
  const machine = createRecoveryMachine();
  machine.note(`${READER}.restarts`, uptimeS() - 3_000, uptimeS() - 2_000, uptimeS() - 1_000);
  machine.note(`${READER}.ticket`, uptimeS() - 600);
  machine.run();
  const whileWell = machine.ticket(READER);

  machine.unit(READER, ACTIVE.replace('active', 'failed'));
  const { lines } = machine.run();

  expect(whileWell).toBeUndefined();
  expect(lines[0]).toContain('3 restarts in an hour did not help');
  expect(machine.restarts()).toEqual([]);
});

it.each([
  ['systemd is restarting just now', 'ActiveState=activating\nSubState=auto-restart\nResult=exit-code'],
  ['somebody has stopped', 'ActiveState=inactive\nSubState=dead\nResult=success'],
  ['is not installed', 'LoadState=not-found\nActiveState=inactive'],
])('leaves a unit alone that %s', (_why, state) => {
  const machine = createRecoveryMachine();
  machine.unit(READER, `LoadState=loaded\nExecMainStatus=1\n${state}`);
  machine.health(3_000);

  const { status, lines } = machine.run();

  expect({ status, lines, restarts: machine.restarts() }).toEqual({ status: 0, lines: [], restarts: [] });
});

it('leaves a wrong configuration to a person, and says so once an hour', () => {
  const machine = createRecoveryMachine();
  machine.unit(API, ACTIVE.replace('active', 'failed').replace('ExecMainStatus=0', 'ExecMainStatus=78'));

  const lines = [...machine.run().lines, ...machine.run().lines];

  expect(lines).toEqual([
    `${API}: its configuration is wrong (exit code 78); left alone. See: systemctl status ${API}`,
  ]);
  expect(machine.restarts()).toEqual([]);
});

it('a dry run says what it would do, and neither does nor remembers it', () => {
  const machine = createRecoveryMachine();
  machine.unit(API, ACTIVE.replace('active', 'failed'));
  machine.health(3_000);

  const lines = [machine.run('--dry-run'), machine.run('--dry-run')].map((run) => run.lines);

  expect(lines[0]).toEqual(lines[1]);
  expect(lines[0]?.[0]).toContain('would restart it');
  expect(machine.restarts()).toEqual([]);
  expect(machine.logged()).toEqual([]);
});

it('every decision is one line, on standard output and in syslog alike', () => {
  const machine = createRecoveryMachine();
  machine.unit(API, ACTIVE.replace('active', 'failed'));
  machine.health(3_000);

  const { lines } = machine.run();

  expect(lines).toHaveLength(2);
  expect(machine.logged()).toEqual(lines);
});

it('does nothing while another run is under way', async () => {
  const machine = createRecoveryMachine();
  machine.unit(API, ACTIVE.replace('active', 'failed'));
  mkdirSync(machine.notesDir);
  const holder = spawn('flock', [join(machine.notesDir, 'lock'), 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(holder.stdout, 'data');

  const blocked = machine.run('--verbose');
  holder.stdin.end();
  await once(holder, 'exit');
  machine.run();

  expect(blocked.lines).toEqual(['another run is under way']);
  expect(machine.restarts()).toEqual([API]);
});

it('refuses an unknown option with 64, and a place where it cannot keep notes with 73', () => {
  const machine = createRecoveryMachine();
  writeFileSync(machine.notesDir, 'a file where the directory should be');

  expect(machine.run('--force').status).toBe(64);
  expect(machine.run().status).toBe(73);
});
