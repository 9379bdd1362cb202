/** The last safety net restarts what systemd believes to be fine; it does so only if a timer or cron runs it. */

import { spanInWords } from '../clock-lines.ts';
import { RECOVERY_SILENT_MS } from '../doctor/checks/systemd-recovery.ts';
import { type Invariant, ONLY_ONE } from './invariant.ts';

export const recoverySilent: Invariant = {
  name: 'recovery_silent',
  about: `a timer or cron has run the recovery script within ${RECOVERY_SILENT_MS / 60_000} min`,
  severity: 'warning',
  hint: 'systemctl status sensor-recover.timer; systemctl status cron; sensorctl doctor --step systemd',
  // It runs once a minute; five that are missed are the patience.
  opens: { seen: 2, of: 3 },
  resolvesAfter: 3,
  parents: [],
  subjects: () => ONLY_ONE,
  judge({ look: { recovery } }) {
    if (recovery === undefined) return 'unknown';
    const { by, silentMs, uptimeMs } = recovery;
    if (by === undefined)
      return { title: 'nothing runs the recovery script', evidence: {}, hint: 'sudo ./deploy/install.sh' };
    const sinceMs = Math.min(silentMs ?? Number.POSITIVE_INFINITY, uptimeMs);
    if (sinceMs <= RECOVERY_SILENT_MS) return 'whole';
    return {
      title: `${by} has not run the recovery script for ${spanInWords(sinceMs)}`,
      evidence: { by, silent_ms: silentMs, uptime_ms: uptimeMs },
    };
  },
};
