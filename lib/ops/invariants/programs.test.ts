import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeInvariant } from '../../../test/support/invariant-scenario.ts';
import { createWatchRig, RECOVERY_TRACE, source, type WatchRig } from '../../../test/support/watch-rig.ts';
import { endsFile } from '../monitor/unit-ends.ts';

const MAIN = 'sensor-main.service';

describeInvariant({
  of: 'unit_failed',
  subject: 'sensor-main',
  when: 'systemd has given it up',
  breaks: (rig) => {
    rig.reader(undefined);
    rig.unit(MAIN, { ActiveState: 'failed', SubState: 'failed', Result: 'watchdog' });
  },
  heals: (rig) => {
    rig.reader({});
    rig.unit(MAIN, {});
  },
  twin: [
    'it is not to start at boot, and does not run',
    (rig) => rig.unit(MAIN, { ActiveState: 'inactive', SubState: 'dead', UnitFileState: 'disabled' }),
  ],
});

describeInvariant({
  of: 'unit_failed',
  subject: 'sensor-api-write',
  severity: 'warning',
  when: 'somebody has stopped it',
  breaks: (rig) => rig.unit('sensor-api-write.service', { ActiveState: 'inactive', SubState: 'dead' }),
  heals: (rig) => rig.unit('sensor-api-write.service', {}),
  twin: ['it is not installed', (rig) => rig.unit('sensor-api-write.service', { LoadState: 'not-found' })],
});

describeInvariant({
  of: 'program_silent',
  subject: 'sensor-main',
  // Its file is old after three beats that were missed.
  patience: 1,
  when: 'its event loop does not turn, and says nothing of what hangs on it',
  breaks: (rig) => rig.reader(undefined),
  heals: (rig) => rig.reader({}),
  twin: ['it was stopped cleanly', (rig) => rig.stopReader()],
});

describeInvariant({
  of: 'program_silent',
  subject: 'sensor-main',
  when: 'one of its loops is stuck',
  breaks: (rig) => rig.reader({ overdue: [{ loop: 'sampling', overdueMs: 9_000 }] }),
  heals: (rig) => rig.reader({ overdue: [] }),
  twin: [
    'all its sensors fail',
    (rig) => rig.reader({ sampling: { sources: [source('climate', { failures: 2 })] } }),
  ],
});

const restarts = (rig: WatchRig, count: number) => rig.unit(MAIN, { NRestarts: String(count) });

describeInvariant({
  of: 'restarts_often',
  subject: 'sensor-main',
  when: 'it was restarted three times within an hour',
  breaks: (rig) => restarts(rig, 3),
  heals: () => {},
  heedless: 120,
  twin: ['it was restarted twice', (rig) => restarts(rig, 2)],
});

const noted = (rig: WatchRig, unit: string, ...lines: string[]) => {
  mkdirSync(rig.place.runDir, { recursive: true });
  writeFileSync(endsFile(rig.place.runDir, unit), lines.map((line) => `${line}\n`).join(''));
};
/** As long as the kernel of the rig says that it runs. */
const UPTIME_S = 90_000;
const later = (rig: WatchRig, seconds: number) =>
  rig.file('/proc/uptime', `${UPTIME_S + seconds}.00 100.00\n`);

describeInvariant({
  of: 'watchdog_kills',
  subject: 'sensor-main',
  when: 'it has killed one, which runs again',
  breaks: (rig) => noted(rig, 'sensor-main', `${UPTIME_S} watchdog killed ABRT`),
  heals: (rig) => later(rig, 3_601),
  twin: [
    'it was killed by somebody, more than an hour ago by the watchdog, and before the boot',
    (rig) =>
      noted(
        rig,
        'sensor-main',
        `${UPTIME_S - 3_601} watchdog killed ABRT`,
        `${UPTIME_S - 60} signal killed KILL`,
        `${UPTIME_S + 60} watchdog killed ABRT`,
      ),
  ],
});

it('each program that the watchdog kills is one ticket, however often it kills', async () => {
  const rig = createWatchRig();
  noted(rig, 'sensor-main', `${UPTIME_S} watchdog killed ABRT`);
  await rig.looks(2);

  noted(rig, 'sensor-main', `${UPTIME_S} watchdog killed ABRT`, `${UPTIME_S + 60} watchdog killed ABRT`);
  noted(rig, 'sensor-monitor', `${UPTIME_S + 30} watchdog killed ABRT`);
  later(rig, 90);
  await rig.looks(2);

  expect(rig.tickets()).toMatchObject([
    {
      key: 'watchdog_kills:sensor-main',
      title: 'the watchdog has killed sensor-main 2 times within an hour: it gave no sign of life',
      occurrences: 4,
    },
    { key: 'watchdog_kills:sensor-monitor', occurrences: 2 },
  ]);
});

describeInvariant({
  of: 'oom_kills',
  when: 'it was one of ours, before anybody looked',
  breaks: (rig) => noted(rig, 'sensor-main', `${UPTIME_S} oom-kill killed KILL`),
  heals: (rig) => later(rig, 3_601),
  twin: [
    'one of ours has ended in another way',
    (rig) => noted(rig, 'sensor-main', `${UPTIME_S} exit-code exited 1`),
  ],
});

describeInvariant({
  of: 'recovery_silent',
  rare: 2,
  // Its last run is not yet five minutes ago.
  patience: 10,
  when: 'the timer does not run the script any more',
  breaks: (rig) => rig.touch(RECOVERY_TRACE, rig.world.clock.wallMs()),
  heals: (rig) => rig.touch(RECOVERY_TRACE),
  twin: [
    'the machine has just booted',
    (rig) => {
      rig.without(RECOVERY_TRACE);
      rig.file('/proc/uptime', '61.20 50.00\n');
    },
  ],
});

const GIVEN_UP = '/run/sensor-gateway-recover/sensor-main.service.ticket';

describeInvariant({
  of: 'recovery_gave_up',
  rare: 2,
  when: 'three restarts did not help',
  breaks: (rig) => rig.file(GIVEN_UP, '4711\nunit: sensor-main.service\nreason: has failed (watchdog)\n'),
  heals: (rig) => rig.without(GIVEN_UP),
  twin: [
    'it has restarted one',
    (rig) => rig.file('/run/sensor-gateway-recover/sensor-main.service.restarts', '4711\n'),
  ],
});

describeInvariant({
  of: 'look_unanswered',
  subject: 'outbox',
  when: 'a file may not be read',
  breaks: (rig) => rig.override('outbox', new Error('SQLITE_CANTOPEN: unable to open database file')),
  heals: (rig) => rig.override('outbox', undefined),
  twin: ['there is none yet', (rig) => rig.override('shelf', undefined)],
});
