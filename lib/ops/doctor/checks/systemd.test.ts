import { describe, expect, it } from 'vitest';
import { found, INSTALLED } from '../../../../test/support/doctor-rig.ts';
import { DENIED, type Recording } from '../../../../test/support/recorded-probe.ts';
import { systemdFiles } from './systemd-files.ts';
import { systemdJournal } from './systemd-journal.ts';
import { systemdNetwork } from './systemd-network.ts';
import { systemdRecovery } from './systemd-recovery.ts';
import { systemdState } from './systemd-state.ts';
import { systemdUnits } from './systemd-units.ts';
import { systemdWatchdog } from './systemd-watchdog.ts';

const READER = 'sensor-main.service';
const API = 'sensor-api-write.service';
const MONITOR = 'sensor-monitor.service';
const TIMER = 'sensor-recover.timer';
const PLACE = '/etc/systemd/system';

/** `systemctl show` of a service at work, with what differs. */
function shown(unit: string, differing: Record<string, string> = {}): [string, string] {
  const state = {
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    Result: 'success',
    UnitFileState: 'enabled',
    FragmentPath: `${PLACE}/${unit}`,
    DropInPaths: '',
    NeedDaemonReload: 'no',
    NRestarts: '0',
    ExecMainStatus: '0',
    ...differing,
  };
  const line = `systemctl show ${unit} --property=LoadState,ActiveState,SubState,Result,UnitFileState,FragmentPath,DropInPaths,NeedDaemonReload,NRestarts,ExecMainStatus`;
  return [
    line,
    Object.entries(state)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  ];
}

const machine = (reader: Record<string, string> = {}, more: Recording = {}): Recording => ({
  ...more,
  commands: Object.fromEntries([shown(API), shown(READER, reader), shown(MONITOR)]),
});

describe('units', () => {
  it.each([
    ['is installed and enabled', {}, 'pass', undefined],
    ['is missing', { LoadState: 'not-found', UnitFileState: '' }, 'fail', 'sudo ./deploy/install.sh'],
    [
      'is masked',
      { LoadState: 'masked', UnitFileState: 'masked' },
      'fail',
      `sudo systemctl unmask ${READER}`,
    ],
    [
      'is masked until the reboot',
      { UnitFileState: 'masked-runtime' },
      'fail',
      `sudo systemctl unmask ${READER}`,
    ],
    ['is disabled', { UnitFileState: 'disabled' }, 'warn', `sudo systemctl enable --now ${READER}`],
    ['has a mistake in it', { LoadState: 'bad-setting' }, 'fail', `systemd-analyze verify ${READER}`],
  ] as const)('one that %s', async (_what, differing, verdict, fix) => {
    const finding = await found(systemdUnits, machine(differing));

    expect([finding.verdict, finding.fix]).toEqual([verdict, fix]);
  });

  it.each([
    ['runs', {}, 'pass', 'runs'],
    ['was restarted', { NRestarts: '7' }, 'warn', 'restarted 7 times'],
    ['was stopped by a person', { ActiveState: 'inactive', SubState: 'dead' }, 'fail', 'was stopped'],
    [
      'is in the pause before a restart',
      { ActiveState: 'activating', SubState: 'auto-restart', Result: 'watchdog' },
      'fail',
      'has ended (watchdog)',
    ],
    ['is starting', { ActiveState: 'activating', SubState: 'start' }, 'warn', 'is activating'],
    [
      'met its start limit',
      { ActiveState: 'failed', Result: 'start-limit-hit' },
      'fail',
      'after too many restarts',
    ],
    [
      'was killed for its memory',
      { ActiveState: 'failed', Result: 'oom-kill' },
      'fail',
      'has failed (oom-kill)',
    ],
    [
      'has a wrong configuration',
      { ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '78' },
      'fail',
      'ended with 78',
    ],
  ] as const)('a service that %s', async (_what, differing, verdict, evidence) => {
    const finding = await found(systemdState, machine(differing));

    expect(finding).toMatchObject({ verdict, evidence: expect.stringContaining(evidence) });
  });

  it('matter neither in a clone nor where systemd does not run the machine', async () => {
    const offline = {
      commands: { [shown(API)[0]]: { code: 1, stderr: 'System has not been booted with systemd' } },
    };

    for (const check of [systemdUnits, systemdState, systemdFiles]) {
      expect(await found(check, {}, { clone: true })).toMatchObject({ verdict: 'pass' });
      expect(await found(check, offline)).toMatchObject({ verdict: 'pass' });
    }
  });

  const shipped = { [`${INSTALLED.packageDir}/${READER}`]: '[Service]\nMemoryMax=512M\n' };

  it.each([
    ['as shipped', '[Service]\nMemoryMax=512M\n', {}, 'pass'],
    ['edited or older', '[Service]\nMemoryMax=1G\n', {}, 'warn'],
    [
      'as shipped, with a drop-in',
      '[Service]\nMemoryMax=512M\n',
      { DropInPaths: `${PLACE}/${READER}.d/own.conf` },
      'pass',
    ],
    ['changed since systemd read it', '[Service]\nMemoryMax=512M\n', { NeedDaemonReload: 'yes' }, 'warn'],
  ] as const)('a unit file that is %s', async (_what, text, differing, verdict) => {
    const files = { ...shipped, [`${PLACE}/${READER}`]: text };

    expect(await found(systemdFiles, machine(differing, { files }))).toMatchObject({ verdict });
  });
});

describe('recovery', () => {
  const TRACE = '/run/sensor-gateway-recover/lock';
  const CRON = '/etc/cron.d/sensor-gateway';
  const traceOf = (ageMs: number) => ({ [TRACE]: { text: '', changedAt: INSTALLED.nowMs - ageMs } });
  const timer = (ActiveState: string) => ({ commands: Object.fromEntries([shown(TIMER, { ActiveState })]) });

  it.each([
    ['a timer that ran it a minute ago', timer('active'), traceOf(60_000), 'pass'],
    ['a timer that is silent', timer('active'), traceOf(3_600_000), 'warn'],
    ['cron that ran it a minute ago', timer('inactive'), { [CRON]: '', ...traceOf(60_000) }, 'pass'],
    ['cron that does not run', timer('inactive'), { [CRON]: '' }, 'warn'],
    ['nobody', timer('inactive'), {}, 'warn'],
    ['a timer, right after a boot', timer('active'), { '/proc/uptime': '61.20 50.00\n' }, 'pass'],
    ['a timer that has never run it', timer('active'), { '/proc/uptime': '9061.20 50.00\n' }, 'warn'],
    [
      'a timer, and it has given a unit up',
      timer('active'),
      {
        ...traceOf(1_000),
        '/run/sensor-gateway-recover/sensor-main.service.ticket':
          '4711\nunit: sensor-main.service\nreason: has failed (watchdog)\n',
      },
      'fail',
    ],
    ['a timer whose traces are not for this user', timer('active'), { [TRACE]: DENIED }, 'unknown'],
  ] as const)('by %s', async (_whom, recording, files, verdict) => {
    expect(await found(systemdRecovery, { ...recording, files })).toMatchObject({ verdict });
  });
});

describe('what the machine itself offers', () => {
  it.each([
    ['kept', { '/var/log/journal/0123abc/system.journal': '' }, 'pass'],
    ['in memory, as on Raspberry Pi OS', { '/run/log/journal/0123abc/system.journal': '' }, 'warn'],
    [
      'in memory beside an empty directory',
      { '/var/log/journal': { kind: 'directory' }, '/run/log/journal/0/x': '' },
      'warn',
    ],
    ['not there', {}, 'pass'],
  ] as const)('a journal that is %s', async (_what, files, verdict) => {
    expect(await found(systemdJournal, { files })).toMatchObject({ verdict });
  });

  it.each([
    ['fed by systemd', { '/dev/watchdog': { kind: 'device' } }, 'RuntimeWatchdogUSec=15s\n', 'pass'],
    ['left alone', { '/dev/watchdog': { kind: 'device' } }, 'RuntimeWatchdogUSec=0\n', 'warn'],
    [
      'left alone, as newer versions say it',
      { '/dev/watchdog': { kind: 'device' } },
      'RuntimeWatchdogUSec=infinity\n',
      'warn',
    ],
    ['not there', {}, 'RuntimeWatchdogUSec=0\n', 'pass'],
  ] as const)('a hardware watchdog that is %s', async (_what, files, said, verdict) => {
    const commands = { 'systemctl show --property=RuntimeWatchdogUSec': said };

    expect(await found(systemdWatchdog, { files, commands })).toMatchObject({ verdict });
  });
});

describe('the network of the monitor', () => {
  const SHIPPED = { IPAddressDeny: '::/0 0.0.0.0/0', IPAddressAllow: '127.0.0.0/8 ::1/128' };
  const unit = (lines: Readonly<Record<string, string>>): Recording => ({
    commands: {
      [`systemctl show ${MONITOR} --property=LoadState,IPAddressDeny,IPAddressAllow`]: Object.entries({
        LoadState: 'loaded',
        ...lines,
      })
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
    },
  });
  const elsewhere = ['channel phone', 'the certificate of collector'];

  it.each([
    ['as it is shipped', SHIPPED, 'warn', 'this machine alone, and not: channel phone, the certificate of'],
    ['with the drop-in', { IPAddressDeny: '', IPAddressAllow: '' }, 'pass', 'may reach other machines'],
    [
      'with an address of its own',
      { ...SHIPPED, IPAddressAllow: '192.0.2.25/32 127.0.0.0/8 ::1/128' },
      'pass',
      'may reach 192.0.2.25/32',
    ],
    ['without the unit', { LoadState: 'not-found' }, 'pass', 'not applicable'],
  ] as const)('%s', async (_what, lines, verdict, evidence) => {
    const finding = await found(systemdNetwork, unit(lines), { elsewhere });

    expect(finding.verdict).toBe(verdict);
    expect(finding.evidence).toContain(evidence);
  });

  it('need not be open where all that it has to reach is on this machine', async () => {
    const finding = await found(systemdNetwork, unit(SHIPPED));

    expect([finding.verdict, finding.evidence]).toEqual([
      'pass',
      'not applicable: all that it has to reach is on this machine',
    ]);
  });
});
