/**
 * What holds on this machine: units as systemd applies them, drop-ins included; the recovery script that is
 * installed; memory and disk. What cannot be seen stays unknown: by this user, or because systemd does not run
 * the gateway.
 */

import { nearestExisting } from '../doctor/mounts.ts';
import { NoAnswer, NotPermitted, type Probe } from '../doctor/probe.ts';
import { shownProperties } from '../doctor/units.ts';
import type { Limits, MachineLimits, Program, RecoveryLimits, SettledLimits, UnitLimits } from './limits.ts';
import type { Quantity } from './quantity.ts';

export interface Place {
  readonly dataDir: string;
  readonly outboxFile: string;
  /** Where the product is installed. */
  readonly packageDir: string;
  /** It is run by systemd. */
  readonly units: boolean;
}

export async function lookAtLimits(probe: Probe, settled: SettledLimits, place: Place): Promise<Limits> {
  const unit = (program: Program) => (place.units ? seen(() => unitLimits(probe, program)) : {});
  return {
    ...settled,
    units: {
      'sensor-main': await unit('sensor-main'),
      'sensor-api-write': await unit('sensor-api-write'),
      'sensor-monitor': await unit('sensor-monitor'),
    },
    recovery: await seen(() => recoveryLimits(probe, `${place.packageDir}/monitor_and_recover.sh`)),
    machine: await seen(() => machineLimits(probe, place)),
  };
}

/** Nothing, where this user may not look, or what is asked hangs: other checks of the doctor say so. */
async function seen<T extends object>(look: () => Promise<T>): Promise<T | Record<string, never>> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof NotPermitted || error instanceof NoAnswer) return {};
    throw error;
  }
}

/** What is asked of systemd. */
export const UNIT_PROPERTIES = [
  'LoadState',
  'FragmentPath',
  'DropInPaths',
  'WatchdogUSec',
  'TimeoutStartUSec',
  'TimeoutStopUSec',
  'RestartUSec',
  'RestartSteps',
  'StartLimitIntervalUSec',
  'StartLimitBurst',
  'MemoryMax',
  'TasksMax',
  'LimitNOFILESoft',
  'Environment',
];

async function unitLimits(probe: Probe, program: Program): Promise<UnitLimits> {
  const said = await shownProperties(probe, `${program}.service`, UNIT_PROPERTIES);
  if (said?.get('LoadState') !== 'loaded') return {};
  const dropIns = said.get('DropInPaths') ?? '';
  // A drop-in is where it was changed, if there is one.
  const place = (dropIns === '' ? said.get('FragmentPath') : dropIns) ?? '';
  const of = (name: string, unit: Quantity['unit'], value: number | undefined) =>
    value === undefined ? undefined : { name: `${name} of ${program}`, value, unit, place };
  const time = (name: string, property: string) => of(name, 'ms', parseTimeSpan(said.get(property)));
  const number = (name: string, property: string, unit: Quantity['unit'] = 'pieces') =>
    of(name, unit, parseNumber(said.get(property)));
  const told = /(?:^|\s)SENSORGW_UNIT_MEMORY_MIB=([1-9]\d{0,6})(?:\s|$)/.exec(said.get('Environment') ?? '');
  const watchdog = time('WatchdogSec=', 'WatchdogUSec');
  return {
    // Both say that there is none.
    watchdog: watchdog?.value === Number.POSITIVE_INFINITY ? { ...watchdog, value: 0 } : watchdog,
    startTimeout: time('TimeoutStartSec=', 'TimeoutStartUSec'),
    stopTimeout: time('TimeoutStopSec=', 'TimeoutStopUSec'),
    restartPause: time('RestartSec=', 'RestartUSec'),
    restartSteps: number('RestartSteps=', 'RestartSteps'),
    startLimitInterval: time('StartLimitIntervalSec=', 'StartLimitIntervalUSec'),
    startLimitBurst: number('StartLimitBurst=', 'StartLimitBurst'),
    memoryMax: number('MemoryMax=', 'MemoryMax', 'bytes'),
    memoryTold: of(
      'SENSORGW_UNIT_MEMORY_MIB',
      'bytes',
      told === null ? undefined : Number(told[1]) * 1_048_576,
    ),
    tasksMax: number('TasksMax=', 'TasksMax'),
    filesMax: number('LimitNOFILE=', 'LimitNOFILESoft'),
  };
}

const SECOND = 1_000;
const SPANS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: SECOND,
  min: 60 * SECOND,
  h: 3_600 * SECOND,
  d: 86_400 * SECOND,
  w: 7 * 86_400 * SECOND,
};

/** As systemd writes time: `1min 30s`, `250ms`, `0`, `infinity`. In ms; `undefined` if it is none. */
export function parseTimeSpan(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (text === '0') return 0;
  let total = 0;
  for (const word of text.split(' ')) {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(word) ?? [];
    const factor = SPANS[unit];
    if (factor === undefined) return undefined;
    total += Number(number) * factor;
  }
  return total;
}

function parseNumber(text: string | undefined): number | undefined {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

async function recoveryLimits(probe: Probe, file: string): Promise<RecoveryLimits> {
  const script = (await probe.readFile(file)) ?? '';
  const of = (name: string, unit: Quantity['unit']): Quantity | undefined => {
    const value = new RegExp(`^readonly ${name}=(\\d+)$`, 'm').exec(script)?.[1];
    if (value === undefined) return undefined;
    return { name, value: Number(value) * (unit === 'ms' ? SECOND : 1), unit, place: file };
  };
  return {
    restartsMax: of('RESTARTS_MAX', 'pieces'),
    window: of('RESTARTS_WINDOW_S', 'ms'),
    cooldown: of('COOLDOWN_S', 'ms'),
    healthAgeMax: of('HEALTH_AGE_MAX_S', 'ms'),
  };
}

async function machineLimits(probe: Probe, { dataDir, outboxFile }: Place): Promise<MachineLimits> {
  const meminfo = '/proc/meminfo';
  const kib = /^MemTotal:\s+(\d+)/m.exec((await probe.readFile(meminfo)) ?? '')?.[1];
  const dir = await nearestExisting(probe, dataDir);
  const room = await probe.room(dir);
  const taken = (await probe.stat(outboxFile))?.bytes ?? 0;
  const of = (name: string, value: number | undefined, place: string) =>
    value === undefined ? undefined : { name, value, unit: 'bytes' as const, place };
  return {
    memory: of('the memory of the machine', kib === undefined ? undefined : Number(kib) * 1_024, meminfo),
    diskFree: of('the free disk', room?.bytesFree, dir),
    outboxTaken: of('the outbox', taken, outboxFile),
  };
}
