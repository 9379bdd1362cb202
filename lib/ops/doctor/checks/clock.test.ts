import { expect, it } from 'vitest';
import { found } from '../../../../test/support/doctor-rig.ts';
import { clockFloor } from './clock-floor.ts';
import { clockSynchronised } from './clock-synchronised.ts';
import { clockZone } from './clock-zone.ts';

const asked = (said: string) => ({ commands: { 'timedatectl show --property=NTP,NTPSynchronized': said } });

it.each([
  ['timesyncd has synchronised', { files: { '/run/systemd/timesync/synchronized': '' } }, 'pass', undefined],
  ['chrony has synchronised', asked('NTP=yes\nNTPSynchronized=yes\n'), 'pass', undefined],
  ['no service looks after', asked('NTP=no\nNTPSynchronized=no\n'), 'warn', 'sudo timedatectl set-ntp true'],
  [
    'a service has not reached anybody yet',
    asked('NTP=yes\nNTPSynchronized=no\n'),
    'warn',
    'timedatectl timesync-status',
  ],
  ['nothing can tell about', {}, 'pass', undefined],
] as const)('a clock that %s', async (_what, recording, verdict, fix) => {
  const finding = await found(clockSynchronised, recording);

  expect(finding.verdict).toBe(verdict);
  expect(finding.fix ?? '').toContain(fix ?? '');
});

it('without a time service the wait that this costs is named', async () => {
  const nobody = asked('NTP=no\nNTPSynchronized=no\n');

  expect((await found(clockSynchronised, nobody)).evidence).toContain(
    'readings wait 300 s (clock.hold) for it',
  );
  expect((await found(clockSynchronised, nobody, { clockHoldMs: 0 })).evidence).toContain(
    'readings are sent with a mark',
  );
});

it('a time before this version was made is impossible', async () => {
  expect(await found(clockFloor, {}, { nowMs: Date.UTC(1970, 0, 2) })).toMatchObject({ verdict: 'fail' });
  expect(await found(clockFloor, {})).toMatchObject({ verdict: 'pass' });
});

it('any time zone is well', async () => {
  const commands = { 'readlink -f -- /etc/localtime': '/usr/share/zoneinfo/Europe/Berlin\n' };

  expect(await found(clockZone, { commands })).toMatchObject({
    verdict: 'pass',
    evidence: expect.stringContaining('Europe/Berlin'),
  });
  expect(await found(clockZone, {})).toMatchObject({ verdict: 'pass' });
});
