/** The settings of the monitor, and what must hold for them. */

import type { ReportProblem } from '../../lib/base/config.ts';
import { section, type ValueOf } from '../../lib/base/setting.ts';
import { integer, text } from '../../lib/base/setting-kinds.ts';
import { isLoopback } from './api-settings.ts';
import { HOST } from './text-rules.ts';

/** Where what is stored can be asked for when nothing else is said. */
const MONITOR_PORT = 8_471;

export const MONITOR = section('The monitor, which answers questions about what is stored.', {
  host: text({
    ...HOST,
    initial: '127.0.0.1',
    about: 'Where it listens. Only this machine itself: it asks nobody for a token.',
  }),
  port: integer({
    initial: MONITOR_PORT,
    min: 1,
    max: 65_535,
    about: 'Its port. `/openapi.json` there says what can be asked.',
  }),
});

interface Both {
  readonly monitor: ValueOf<typeof MONITOR>;
  readonly api: { readonly host: string; readonly port: number };
}

export function checkMonitor({ monitor, api }: Both, report: ReportProblem): void {
  if (!isLoopback(monitor.host)) {
    const reason = 'could be reached by other machines, and it asks nobody for a token';
    report(
      [['monitor', 'host']],
      `"${monitor.host}" ${reason}. Use 127.0.0.1, and a proxy or ssh -L for others.`,
    );
  }
  if (monitor.port === api.port) {
    report(
      [
        ['monitor', 'port'],
        ['api', 'port'],
      ],
      `${monitor.port} is the port of the write API, too.`,
    );
  }
}
