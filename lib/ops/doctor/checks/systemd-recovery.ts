/** The last safety net restarts what systemd believes to be fine; it does so only if somebody runs it. */

import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import { unitState } from '../units.ts';

const TIMER = 'sensor-recover.timer';
const CRON_FILE = '/etc/cron.d/sensor-gateway';
const NOTES_DIR = '/run/sensor-gateway-recover';
/** Each run opens it anew. */
const TRACE = `${NOTES_DIR}/lock`;
/** It runs once a minute; a machine that was just booted has had no time for it. */
const SILENT_MS = 300_000;

export const systemdRecovery: Check = {
  name: 'systemd-recovery',
  step: 'systemd',
  asks: 'does the recovery script run, by timer or by cron?',
  async run(probe, { clone, nowMs }) {
    const timer = await unitState(probe, TIMER);
    if (clone || timer === undefined) return notApplicable('it looks after services of systemd');
    const byTimer = timer.ActiveState === 'active';
    const byCron = (await probe.stat(CRON_FILE)) !== undefined;
    if (!byTimer && !byCron) {
      return warn('neither timer nor cron runs monitor_and_recover.sh', 'sudo ./deploy/install.sh');
    }
    const by = byTimer ? TIMER : CRON_FILE;
    const given = (await probe.list(NOTES_DIR))?.find((name) => name.endsWith('.ticket'));
    if (given !== undefined) {
      const ticket = (await probe.readFile(`${NOTES_DIR}/${given}`)) ?? '';
      const reason = /^reason: (.*)$/m.exec(ticket)?.[1] ?? 'for a reason that it has not written down';
      return fail(
        `the recovery script has given ${given.replace(/\.ticket$/, '')} up: ${reason}`,
        `journalctl -t sensor-gateway-recover -n 20; when the cause is mended: sudo rm ${NOTES_DIR}/${given}`,
      );
    }
    const trace = await probe.stat(TRACE);
    const silentMs = nowMs - (trace?.changedAt ?? 0);
    const upS = Number.parseFloat((await probe.readFile('/proc/uptime')) ?? 'NaN');
    if (trace === undefined && upS * 1_000 < SILENT_MS)
      return pass(`${by} will run it soon: the machine has just booted`);
    if (silentMs <= SILENT_MS) return pass(`${by} ran it ${Math.round(Math.max(0, silentMs) / 1_000)} s ago`);
    const last =
      trace === undefined
        ? 'has not run it since the boot'
        : `ran it last ${Math.round(silentMs / 60_000)} min ago`;
    return warn(
      `${by} ${last}`,
      byTimer ? `systemctl status ${TIMER}` : 'sudo apt-get install cron && sudo systemctl enable --now cron',
    );
  },
};
