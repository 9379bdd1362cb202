/** Every command, in the order of the help. */

import { backupCreate } from './backup-create.ts';
import { backupRestore } from './backup-restore.ts';
import { backupVerify } from './backup-verify.ts';
import { breakerHold, breakerRelease, breakerShow } from './breaker.ts';
import type { Command } from './command.ts';
import { configCheck, configDocs, configSample, configShow } from './config.ts';
import { deadDrop } from './dead-drop.ts';
import { deadList, deadShow } from './dead-list.ts';
import { deadRedrive } from './dead-redrive.ts';
import { doctor } from './doctor.ts';
import { gaps } from './gaps.ts';
import { outboxCompact } from './outbox-compact.ts';
import { outboxExport } from './outbox-export.ts';
import { outboxImport } from './outbox-import.ts';
import { outboxPeek } from './outbox-peek.ts';
import { outboxStat } from './outbox-stat.ts';
import { readings } from './readings.ts';
import { sensorsCheckDriver } from './sensors-check-driver.ts';
import { sensorsList } from './sensors-list.ts';
import { sensorsRead } from './sensors-read.ts';
import { sensorsScan } from './sensors-scan.ts';
import { status } from './status.ts';
import { verify } from './verify.ts';
import { why } from './why.ts';

export const COMMANDS: readonly Command[] = [
  status,
  why,
  doctor,
  readings,
  gaps,
  verify,
  sensorsScan,
  sensorsList,
  sensorsRead,
  breakerShow,
  breakerHold,
  breakerRelease,
  outboxStat,
  outboxPeek,
  outboxExport,
  outboxImport,
  outboxCompact,
  sensorsCheckDriver,
  deadList,
  deadShow,
  deadRedrive,
  deadDrop,
  backupCreate,
  backupVerify,
  backupRestore,
  configCheck,
  configShow,
  configSample,
  configDocs,
];
