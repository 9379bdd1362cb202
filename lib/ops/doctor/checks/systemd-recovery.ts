/** The last safety net restarts what systemd believes to be fine; it does so only if somebody runs it. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import type { Probe } from '../probe.ts';
import { unitState } from '../units.ts';

const TIMER = 'sensor-recover.timer';
const CRON_FILE = '/etc/cron.d/sensor-gateway';
const NOTES_DIR = '/run/sensor-gateway-recover';
/** Each run opens it anew. */
const TRACE = `${NOTES_DIR}/lock`;
/** It runs once a minute; a machine that was just booted has had no time for it. */
export const RECOVERY_SILENT_MS = 300_000;

export const systemdRecovery: Check = {
  name: 'systemd-recovery',
  step: 'systemd',
  asks: 'does the recovery script run, by timer or by cron?',
  async run(probe, { clone, nowMs }) {
    const seen = clone ? undefined : await recoveryTraces(probe, nowMs);
    if (seen === undefined) return notApplicable('it looks after services of systemd');
    const { by, givenUp, silentMs, uptimeMs } = seen;
    if (by === undefined) {
      return warn('neither timer nor cron runs monitor_and_recover.sh', 'sudo ./deploy/install.sh');
    }
    if (givenUp !== undefined) {
      return fail(
        `the recovery script has given ${givenUp.unit} up: ${givenUp.reason}`,
        `journalctl -t sensor-gateway-recover -n 20; when the cause is mended: sudo rm ${NOTES_DIR}/${givenUp.unit}.ticket`,
      );
    }
    if (silentMs === undefined && uptimeMs < RECOVERY_SILENT_MS)
      return pass(`${by} will run it soon: the machine has just booted`);
    if (silentMs !== undefined && silentMs <= RECOVERY_SILENT_MS)
      return pass(`${by} ran it ${Math.round(Math.max(0, silentMs) / 1_000)} s ago`);
    const last =
      silentMs === undefined
        ? 'has not run it since the boot'
        : `ran it last ${Math.round(silentMs / 60_000)} min ago`;
    return warn(
      `${by} ${last}`,
      by === TIMER
        ? `systemctl status ${TIMER}`
        : 'sudo apt-get install cron && sudo systemctl enable --now cron',
    );
  },
};

export interface RecoveryTraces {
  /** What runs the script; `undefined`: nothing. */
  readonly by: string | undefined;
  /** Since its last run; `undefined`: it has left no trace since the boot. */
  readonly silentMs: number | undefined;
  readonly uptimeMs: number;
  /** A unit that it restarts no more. */
  readonly givenUp: { readonly unit: string; readonly reason: string } | undefined;
}

/** `undefined` where systemd does not run the machine. */
export async function recoveryTraces(probe: Probe, nowMs: number): Promise<RecoveryTraces | undefined> {
  const timer = await unitState(probe, TIMER);
  if (timer === undefined) return undefined;
  const byTimer = timer.ActiveState === 'active';
  const byCron = (await probe.stat(CRON_FILE)) !== undefined;
  const uptimeMs = Number.parseFloat((await probe.readFile('/proc/uptime')) ?? 'NaN') * 1_000;
  if (!byTimer && !byCron) return { by: undefined, silentMs: undefined, uptimeMs, givenUp: undefined };
  const by = byTimer ? TIMER : CRON_FILE;
  const trace = await probe.stat(TRACE);
  const silentMs = trace === undefined ? undefined : nowMs - trace.changedAt;
  return { by, silentMs, uptimeMs, givenUp: await unitGivenUp(probe) };
}

async function unitGivenUp(probe: Probe): Promise<RecoveryTraces['givenUp']> {
  const given = (await probe.list(NOTES_DIR))?.find((name) => name.endsWith('.ticket'));
  if (given === undefined) return undefined;
  const ticket = (await probe.readFile(`${NOTES_DIR}/${given}`)) ?? '';
  const reason = /^reason: (.*)$/m.exec(ticket)?.[1] ?? 'for a reason that it has not written down';
  return { unit: given.replace(/\.ticket$/, ''), reason };
}
