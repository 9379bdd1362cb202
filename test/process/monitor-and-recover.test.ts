/**
 * The recovery script, run for real by bash. systemctl, curl and logger are small scripts that answer
 * what a test wants and write down how they were called; what systemd itself does with the calls is the
 * systemd suite's affair.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';

const SCRIPT = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'monitor_and_recover.sh');
const READER = 'sensor-main.service';
const API = 'sensor-api-write.service';
const MONITOR = 'sensor-monitor.service';

const ACTIVE = 'LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nExecMainStatus=0';

it('says and does nothing while all units are well', () => {
  const machine = createMachine();

  const { status, lines } = machine.run();

  expect({ status, lines, restarts: machine.restarts() }).toEqual({ status: 0, lines: [], restarts: [] });
});

it('restarts a unit that systemd has given up on, and lifts its start limit first', () => {
  const machine = createMachine();
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
  const machine = createMachine();
  machine.monitorHealth(100);

  const runs = [machine.run(), machine.run()];

  expect(runs[0]?.lines[0]).toContain(
    `${MONITOR}: has not renewed its health file for 100 s; will look again`,
  );
  expect(runs[1]?.lines[0]).toContain('2 times in a row; restarted');
  expect(machine.restarts()).toEqual([MONITOR]);
});

it('misses no monitor where none is installed', () => {
  const machine = createMachine();
  machine.unit(MONITOR, 'LoadState=not-found\nActiveState=inactive');

  expect(machine.run()).toEqual({ status: 0, lines: [] });
});

it('waits for the cooldown before it restarts the same unit again', () => {
  const machine = createMachine();
  machine.unit(READER, ACTIVE.replace('active', 'failed'));

  machine.run();
  const second = machine.run();

  expect(second.status).toBe(1);
  expect(second.lines[0]).toMatch(/restarted \d+ s ago, waiting until 300 s have passed$/);
  expect(machine.restarts()).toEqual([READER]);
});

it('restarts again when the cooldown is over', () => {
  const machine = createMachine();
  machine.unit(READER, ACTIVE.replace('active', 'failed'));

  machine.run();
  machine.note(`${READER}.restarts`, uptimeS() - 301);
  machine.run();

  expect(machine.restarts()).toEqual([READER, READER]);
});

it('restarts a unit three times in an hour, then leaves a ticket and the unit alone', () => {
  const machine = createMachine();
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
  const machine = createMachine();
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
  const machine = createMachine();
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
  const machine = createMachine();
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
  ['has not renewed its health file', (machine: Machine) => machine.health(300)],
  ['has a health file that cannot be read', (machine: Machine) => machine.healthText('{"generated')],
])('a reader that %s is restarted at the second look, not the first', (reason, spoil) => {
  const machine = createMachine();
  spoil(machine);

  const first = machine.run();
  const second = machine.run();

  expect(first.lines[0]).toContain(`${READER}: ${reason}`);
  expect(first.lines[0]).toContain('will look again');
  expect(second.lines[0]).toContain('2 times in a row; restarted');
  expect(machine.restarts()).toEqual([READER]);
});

it('a write API that does not answer is restarted at the second look, and one good look in between forgives it', () => {
  const machine = createMachine();

  for (const status of ['000', '200', '503', '000']) {
    machine.apiStatus(status);
    machine.run();
  }

  expect(machine.restarts()).toEqual([API]);
});

it.each([
  ['systemd is restarting just now', 'ActiveState=activating\nSubState=auto-restart\nResult=exit-code'],
  ['somebody has stopped', 'ActiveState=inactive\nSubState=dead\nResult=success'],
  ['is not installed', 'LoadState=not-found\nActiveState=inactive'],
])('leaves a unit alone that %s', (_why, state) => {
  const machine = createMachine();
  machine.unit(READER, `LoadState=loaded\nExecMainStatus=1\n${state}`);
  machine.health(3_000);

  const { status, lines } = machine.run();

  expect({ status, lines, restarts: machine.restarts() }).toEqual({ status: 0, lines: [], restarts: [] });
});

it('leaves a wrong configuration to a person, and says so once an hour', () => {
  const machine = createMachine();
  machine.unit(API, ACTIVE.replace('active', 'failed').replace('ExecMainStatus=0', 'ExecMainStatus=78'));

  const lines = [...machine.run().lines, ...machine.run().lines];

  expect(lines).toEqual([
    `${API}: its configuration is wrong (exit code 78); left alone. See: systemctl status ${API}`,
  ]);
  expect(machine.restarts()).toEqual([]);
});

it('a dry run says what it would do, and neither does nor remembers it', () => {
  const machine = createMachine();
  machine.unit(API, ACTIVE.replace('active', 'failed'));
  machine.health(3_000);

  const lines = [machine.run('--dry-run'), machine.run('--dry-run')].map((run) => run.lines);

  expect(lines[0]).toEqual(lines[1]);
  expect(lines[0]?.[0]).toContain('would restart it');
  expect(machine.restarts()).toEqual([]);
  expect(machine.logged()).toEqual([]);
});

it('every decision is one line, on standard output and in syslog alike', () => {
  const machine = createMachine();
  machine.unit(API, ACTIVE.replace('active', 'failed'));
  machine.health(3_000);

  const { lines } = machine.run();

  expect(lines).toHaveLength(2);
  expect(machine.logged()).toEqual(lines);
});

it('does nothing while another run is under way', async () => {
  const machine = createMachine();
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
  const machine = createMachine();
  writeFileSync(machine.notesDir, 'a file where the directory should be');

  expect(machine.run('--force').status).toBe(64);
  expect(machine.run().status).toBe(73);
});

interface Machine {
  readonly notesDir: string;
  run(...options: string[]): { status: number | null; lines: string[] };
  unit(name: string, state: string): void;
  /** The reader's health file, so many seconds old by the clock that counts since boot. */
  health(ageS: number): void;
  healthText(text: string): void;
  monitorHealth(ageS: number): void;
  apiStatus(status: string): void;
  note(name: string, ...values: number[]): void;
  /** What its ticket says; `undefined` if there is none. */
  ticket(unit: string): string | undefined;
  /** So long since the boot, for the script. */
  uptime(seconds: number): void;
  runWith(variables: Readonly<Record<string, string>>): void;
  calls(): string[];
  restarts(): string[];
  logged(): string[];
}

function createMachine(): Machine {
  const dir = tempDir();
  const notesDir = join(dir, 'notes');
  const path = (name: string) => join(dir, name);
  const linesOf = (name: string) =>
    existsSync(path(name)) ? readFileSync(path(name), 'utf8').split('\n').filter(Boolean) : [];
  mkdirSync(path('bin'));
  for (const [name, body] of Object.entries({
    systemctl: `echo "$*" >>${path('calls')}; [ "$1" != show ] || cat "${dir}/$2"`,
    curl: `cat ${path('api-status')}`,
    logger: `for last; do :; done; echo "$last" >>${path('syslog')}`,
  })) {
    writeFileSync(path(`bin/${name}`), `#!/bin/sh\n${body}\n`);
    chmodSync(path(`bin/${name}`), 0o755);
  }
  const env = {
    PATH: `${path('bin')}:/usr/bin:/bin`,
    RECOVER_RUN_DIR: dir,
    RECOVER_NOTES_DIR: notesDir,
    RECOVER_STATE_DIR: path('state'),
    RECOVER_UPTIME_FILE: path('uptime'),
  };
  const machine: Machine = {
    notesDir,
    run(...options) {
      const { status, stdout } = spawnSync('bash', [SCRIPT, ...options], { encoding: 'utf8', env });
      return { status, lines: stdout.split('\n').filter(Boolean) };
    },
    unit: (name, state) => writeFileSync(path(name), `${state}\n`),
    health: (ageS) =>
      machine.healthText(`{"format":1,"generated_mono_ms":${(uptimeS() - ageS) * 1000},"state":{}}\n`),
    healthText: (text) => writeFileSync(path('sensor-main.health.json'), text),
    monitorHealth: (ageS) =>
      writeFileSync(
        path('sensor-monitor.health.json'),
        `{"generated_mono_ms":${(uptimeS() - ageS) * 1000}}\n`,
      ),
    apiStatus: (status) => writeFileSync(path('api-status'), status),
    note: (name, ...values) => {
      mkdirSync(notesDir, { recursive: true });
      writeFileSync(join(notesDir, name), `${values.join('\n')}\n`);
    },
    ticket: (unit) => {
      const file = join(notesDir, `${unit}.ticket`);
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    },
    uptime: (seconds) => writeFileSync(path('uptime'), `${seconds}.00 0.00\n`),
    runWith: (variables) => void spawnSync('bash', [SCRIPT], { env: { ...env, ...variables } }),
    calls: () => linesOf('calls'),
    restarts: () =>
      linesOf('calls')
        .filter((call) => call.includes('restart '))
        .map((call) => call.split(' ').at(-1) ?? ''),
    logged: () => linesOf('syslog'),
  };
  machine.unit(READER, ACTIVE);
  machine.unit(API, ACTIVE);
  machine.unit(MONITOR, ACTIVE);
  machine.monitorHealth(5);
  machine.uptime(uptimeS());
  machine.health(5);
  machine.apiStatus('200');
  return machine;
}

/** Seconds on the clock that the programs stamp their health with. */
function uptimeS(): number {
  return Math.floor(Number(hrtime.bigint()) / 1e9);
}
