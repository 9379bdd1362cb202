/**
 * A machine for the recovery script, which bash runs for real. systemctl, curl and logger are small scripts that answer
 * what a test wants and write down how they were called; what systemd itself does with the calls is the
 * systemd suite's affair.
 */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { hrtime } from 'node:process';
import { onTestFinished } from 'vitest';
import { tempDir } from './temp-dir.ts';

const SCRIPT = join(import.meta.dirname, '../../monitor_and_recover.sh');
export const READER = 'sensor-main.service';
export const API = 'sensor-api-write.service';
export const MONITOR = 'sensor-monitor.service';

export const ACTIVE =
  'LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nExecMainStatus=0';

export interface RecoveryMachine {
  readonly notesDir: string;
  run(...options: string[]): { status: number | null; lines: string[] };
  unit(name: string, state: string): void;
  /** The reader's health file, so many seconds old by the clock that counts since boot. */
  health(ageS: number): void;
  healthText(text: string): void;
  monitorHealth(ageS: number): void;
  apiStatus(status: string): void;
  /** Makes the socket of the write API; it answers 200 until something else is said. */
  openSocket(): Promise<void>;
  socketStatus(status: string): void;
  /** How curl was called. */
  asked(): string[];
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

export function createRecoveryMachine(): RecoveryMachine {
  const dir = tempDir();
  const notesDir = join(dir, 'notes');
  const path = (name: string) => join(dir, name);
  const linesOf = (name: string) =>
    existsSync(path(name)) ? readFileSync(path(name), 'utf8').split('\n').filter(Boolean) : [];
  mkdirSync(path('bin'));
  for (const [name, body] of Object.entries({
    systemctl: `echo "$*" >>${path('calls')}; [ "$1" != show ] || cat "${dir}/$2"`,
    curl: `echo "$*" >>${path('asked')}; case "$*" in *--unix-socket*) cat ${path('socket-status')};; *) cat ${path('api-status')};; esac`,
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
  const machine: RecoveryMachine = {
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
    async openSocket() {
      const server = createServer().listen(path('sensor-api.sock'));
      onTestFinished(() => void server.close());
      await once(server, 'listening');
    },
    socketStatus: (status) => writeFileSync(path('socket-status'), status),
    asked: () => linesOf('asked'),
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
  machine.socketStatus('200');
  return machine;
}

/** Seconds on the clock that the programs stamp their health with. */
export function uptimeS(): number {
  return Math.floor(Number(hrtime.bigint()) / 1e9);
}
