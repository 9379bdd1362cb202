/** Between a program and the unit that runs it: watchdog, start, stop, restarts, threads and files. */

import type { Contract } from '../contract.ts';
import { PROGRAMS, type Program } from '../limits.ts';
import { half, product, type Quantity, shareOf, sum } from '../quantity.ts';

/** `undefined` where there is no watchdog: that is said once, and not by each contract with it. */
function atWork(watchdog: Quantity | undefined): Quantity | undefined {
  return watchdog?.value === 0 ? undefined : watchdog;
}

export function inUnit(program: Program, line: string, section = 'Service'): string {
  return `sudo systemctl edit ${program}, and there under [${section}]: ${line}; then sudo systemctl restart ${program}`;
}

function ofUnit(program: Program): readonly Contract[] {
  return [
    {
      name: 'heartbeat',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'less than',
      sides: ({ fixed, units }) => [fixed.beat[program], half(units[program].watchdog)],
      otherwise:
        'one beat that is late on a busy machine gets the program killed, or nobody notices that it hangs',
      fix: inUnit(program, 'WatchdogSec=30'),
    },
    {
      name: 'collection',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'less than',
      sides: ({ fixed, units }) => [fixed.collection, half(atWork(units[program].watchdog))],
      otherwise: 'a program that gives memory back on a slow machine is killed for it',
      fix: inUnit(program, 'WatchdogSec=30'),
    },
    {
      name: 'batch',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'less than',
      sides: ({ fixed, units }) => [
        fixed.lockWait,
        shareOf(atWork(units[program].watchdog), 1 / 3, 'a third of'),
      ],
      otherwise: 'a batch that waits for a lock holds the heartbeat up until the program is killed',
      fix: inUnit(program, 'WatchdogSec=30'),
    },
    {
      name: 'start',
      program,
      step: 'systemd',
      verdict: 'fail',
      relation: 'less than',
      sides: ({ fixed, units }) => [fixed.start, units[program].startTimeout],
      otherwise: 'a start on a slow card is cut off, again and again',
      fix: inUnit(program, 'TimeoutStartSec=90'),
    },
    {
      name: 'stop',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'less than',
      sides: ({ fixed, units }) => [
        sum('what a stop takes', fixed.stop, fixed.lastLines),
        units[program].stopTimeout,
      ],
      otherwise: 'the program is killed before it has finished what it has in hand',
      fix: inUnit(program, 'TimeoutStopSec=5'),
    },
    {
      name: 'start limit',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'less than',
      sides: ({ units }) => {
        const { restartPause, startLimitBurst, startLimitInterval, restartSteps } = units[program];
        // A pause that grows is meant to keep away from the limit.
        if (restartSteps !== undefined && restartSteps.value > 0) return [undefined, undefined];
        const restarts = `StartLimitBurst= restarts of ${program}, each after RestartSec=`;
        return [product(restarts, restartPause, startLimitBurst), startLimitInterval];
      },
      otherwise: 'a program that can never start is started for ever, and wears the card out',
      fix: inUnit(program, 'StartLimitIntervalSec=600 and StartLimitBurst=20', 'Unit'),
    },
    {
      name: 'recovery',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'less than',
      sides: ({ recovery, units }) => [recovery.restartsMax, units[program].startLimitBurst],
      otherwise: 'the recovery script itself uses up the starts of the unit',
      fix: inUnit(program, 'StartLimitBurst=20', 'Unit'),
    },
    {
      name: 'cooldown',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'less than',
      sides: ({ recovery, units }) => [units[program].startTimeout, recovery.cooldown],
      otherwise: 'the recovery script restarts a program that is still starting',
      fix: inUnit(program, 'TimeoutStartSec=90'),
    },
    {
      name: 'threads',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'at most',
      sides: ({ fixed, units }) => [fixed.threads, units[program].tasksMax],
      otherwise: 'the program cannot have the threads that it needs',
      fix: inUnit(program, 'TasksMax=100'),
    },
    {
      name: 'files',
      program,
      step: 'systemd',
      verdict: 'warn',
      relation: 'at most',
      sides: ({ fixed, units }) => [fixed.files[program], units[program].filesMax],
      otherwise: 'it cannot open what it needs when all its connections are in use',
      fix: inUnit(program, 'LimitNOFILE=1024'),
    },
  ];
}

export const UNIT_CONTRACTS: readonly Contract[] = [
  ...PROGRAMS.flatMap(ofUnit),
  {
    name: 'close',
    program: 'sensor-api-write',
    step: 'systemd',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ fixed }) => [fixed.apiClose, fixed.stop],
    otherwise: 'requests in hand are cut off although a stop would wait for them',
    fix: 'Report it: both are fixed in the program.',
  },
  {
    name: 'patience',
    step: 'systemd',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ recovery, units }) => [
      shareOf(units['sensor-main'].watchdog, 2, 'twice'),
      recovery.healthAgeMax,
    ],
    otherwise: 'the recovery script restarts the reader before its watchdog can',
    fix: inUnit('sensor-main', 'WatchdogSec=30'),
  },
  {
    name: 'ticket',
    step: 'systemd',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ recovery }) => [
      product('RESTARTS_MAX restarts, each after COOLDOWN_S', recovery.cooldown, recovery.restartsMax),
      recovery.window,
    ],
    otherwise: 'the recovery script never stops restarting and never says that somebody must look',
    fix: 'Install the script of this release again: sudo ./deploy/install.sh',
  },
];
