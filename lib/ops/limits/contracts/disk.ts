/** Between the bounds of what is written and the room that there is for it. */

import type { Contract } from '../contract.ts';
import { difference, sum } from '../quantity.ts';

export const DISK_CONTRACTS: readonly Contract[] = [
  {
    name: 'outbox',
    step: 'disk',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ settings, machine }) => [
      difference('what outbox.bytes_max leaves the outbox to grow', settings.outboxMax, machine.outboxTaken),
      difference('the free disk without outbox.disk_reserve', machine.diskFree, settings.diskReserve),
    ],
    otherwise: 'a long outage thins readings earlier than outbox.bytes_max says',
    fix: 'Make room, or lower outbox.bytes_max to what there is.',
  },
  {
    name: 'logs',
    step: 'disk',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ settings, fixed }) => [
      sum(
        'what the logs of both databases and the ballast take',
        fixed.outboxLog,
        fixed.storeLog,
        fixed.ballast,
      ),
      settings.diskReserve,
    ],
    otherwise: 'the databases fill the disk to the last byte, and nobody can delete a row on a full one',
    fix: 'Set outbox.disk_reserve to 64MiB or more.',
  },
];
