/** The time zone matters to people who read a screen and to nothing else: readings are kept in UTC. */

import { type Check, pass } from '../finding.ts';

export const clockZone: Check = {
  name: 'clock-zone',
  step: 'clock',
  asks: 'which time zone is shown to people?',
  async run(probe) {
    const link = await probe.run('readlink', ['-f', '--', '/etc/localtime']);
    const zone = /\/zoneinfo\/(.+)$/.exec(link?.stdout.trim() ?? '')?.[1] ?? 'not set';
    return pass(`${zone}; readings are kept in UTC, so it may be changed at any time`);
  },
};
