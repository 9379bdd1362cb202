/** What systemd says of a unit, read from `systemctl show`, which needs no root. */

import type { Subject } from './finding.ts';
import type { Probe } from './probe.ts';

/** In the order in which they are started. */
export const SERVICES = [
  'sensor-api-write.service',
  'sensor-main.service',
  'sensor-monitor.service',
] as const;

const PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'UnitFileState',
  'FragmentPath',
  'DropInPaths',
  'NeedDaemonReload',
  'NRestarts',
  'ExecMainStatus',
] as const;

export type UnitState = Readonly<Record<(typeof PROPERTIES)[number], string>>;

/** These properties by name, as systemd applies them; `undefined` if it does not run this machine. */
export async function shownProperties(
  probe: Probe,
  unit: string,
  properties: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const ran = await probe.run('systemctl', ['show', unit, `--property=${properties.join(',')}`]);
  if (ran === undefined || ran.code !== 0) return undefined;
  return new Map(
    ran.stdout.split('\n').map((line) => [line.split('=', 1)[0] ?? '', line.replace(/^[^=]*=/, '')]),
  );
}

/** `undefined` if systemd does not run this machine. */
export async function unitState(probe: Probe, unit: string): Promise<UnitState | undefined> {
  const said = await shownProperties(probe, unit, PROPERTIES);
  if (said === undefined) return undefined;
  const of = (name: (typeof PROPERTIES)[number]) => said.get(name) ?? '';
  return {
    LoadState: of('LoadState'),
    ActiveState: of('ActiveState'),
    SubState: of('SubState'),
    Result: of('Result'),
    UnitFileState: of('UnitFileState'),
    FragmentPath: of('FragmentPath'),
    DropInPaths: of('DropInPaths'),
    NeedDaemonReload: of('NeedDaemonReload'),
    NRestarts: of('NRestarts'),
    ExecMainStatus: of('ExecMainStatus'),
  };
}

/** Why systemd's part does not matter here, or the states of all services. */
export async function services(
  probe: Probe,
  { clone }: Subject,
): Promise<string | readonly (readonly [unit: string, state: UnitState])[]> {
  if (clone) return 'it is run by npm start';
  const states: [string, UnitState][] = [];
  for (const unit of SERVICES) {
    const state = await unitState(probe, unit);
    if (state === undefined) return 'systemd does not run this machine';
    states.push([unit, state]);
  }
  return states;
}
