/**
 * A machine with 1 GiB on which this release is installed as it is shipped: what systemd shows of the real unit
 * files, the real recovery script, and room on the disk. A test says what differs.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAMS, type Program } from '../../lib/ops/limits/limits.ts';
import { type Place, UNIT_PROPERTIES } from '../../lib/ops/limits/look.ts';
import { parseUnit } from './house-rules.ts';
import type { Recording } from './recorded-probe.ts';

const ROOT = join(import.meta.dirname, '../..');
const PLACE = '/etc/systemd/system';

/** As `install.sh` puts it. */
export const SHIPPED_PLACE: Place = {
  dataDir: '/var/lib/sensor-gateway',
  outboxFile: '/var/lib/sensor-gateway/outbox.db',
  packageDir: '/opt/sensor-gateway/current',
  units: true,
};

const SCRIPT = `${SHIPPED_PLACE.packageDir}/monitor_and_recover.sh`;

export interface Differing {
  /** Properties of `systemctl show`: `{ 'sensor-main': { WatchdogUSec: '5s' } }`. */
  readonly units?: Partial<Record<Program, Readonly<Record<string, string>>>>;
  /** Constants of the recovery script: `{ COOLDOWN_S: 60 }`. */
  readonly script?: Readonly<Record<string, number>>;
  readonly memoryMiB?: number;
  readonly freeMiB?: number;
}

export function shippedMachine({
  units = {},
  script = {},
  memoryMiB = 906,
  freeMiB = 8_192,
}: Differing = {}): Recording {
  return {
    commands: Object.fromEntries(PROGRAMS.map((program) => shownUnit(program, units[program]))),
    files: {
      [SCRIPT]: changed(readFileSync(join(ROOT, 'monitor_and_recover.sh'), 'utf8'), script),
      [SHIPPED_PLACE.outboxFile]: { text: '', bytes: 1_048_576 },
      '/proc/meminfo': `MemTotal: ${memoryMiB * 1_024} kB\n`,
    },
    rooms: { [SHIPPED_PLACE.dataDir]: { bytesFree: freeMiB * 1_048_576 } },
  };
}

/** What `systemctl show` prints of a unit file of ours that is loaded; how it prints is from systemd 252. */
function shownUnit(
  program: Program,
  differing: Readonly<Record<string, string>> = {},
): [line: string, shown: string] {
  const unit = parseUnit(readFileSync(join(ROOT, `${program}.service`), 'utf8'));
  const of = (key: string) => unit.get(key)?.at(-1) ?? '';
  const shown: Record<string, string> = {
    LoadState: 'loaded',
    FragmentPath: `${PLACE}/${program}.service`,
    DropInPaths: '',
    WatchdogUSec: timeSpan(of('Service.WatchdogSec')),
    TimeoutStartUSec: timeSpan(of('Service.TimeoutStartSec')),
    TimeoutStopUSec: timeSpan(of('Service.TimeoutStopSec')),
    RestartUSec: timeSpan(of('Service.RestartSec')),
    StartLimitIntervalUSec: timeSpan(of('Unit.StartLimitIntervalSec')),
    StartLimitBurst: of('Unit.StartLimitBurst'),
    MemoryMax: String(Number(of('Service.MemoryMax').replace('M', '')) * 1_048_576),
    TasksMax: of('Service.TasksMax'),
    // No unit of ours sets it: this is what systemd gives everybody.
    LimitNOFILESoft: '1024',
    Environment: of('Service.Environment'),
    ...differing,
  };
  const text = Object.entries(shown).map(([name, value]) => `${name}=${value}`);
  return [`systemctl show ${program}.service --property=${UNIT_PROPERTIES.join(',')}`, text.join('\n')];
}

/** `90` is `1min 30s`. */
function timeSpan(seconds: string): string {
  const [minutes, rest] = [Math.floor(Number(seconds) / 60), Number(seconds) % 60];
  return [minutes > 0 ? `${minutes}min` : '', rest > 0 ? `${rest}s` : '']
    .filter((part) => part !== '')
    .join(' ');
}

function changed(script: string, constants: Readonly<Record<string, number>>): string {
  return Object.entries(constants).reduce(
    (text, [name, value]) =>
      text.replace(new RegExp(`^readonly ${name}=\\d+$`, 'm'), `readonly ${name}=${value}`),
    script,
  );
}
