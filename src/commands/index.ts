/** Every command, in the order of the help. */

import { backupCreate } from './backup-create.ts';
import { backupRestore } from './backup-restore.ts';
import { backupVerify } from './backup-verify.ts';
import { breakerHold, breakerRelease, breakerShow } from './breaker.ts';
import { chart } from './chart.ts';
import type { Command } from './command.ts';
import { createCommandsCommand } from './commands.ts';
import { createCompletion } from './completion.ts';
import { configCheck, configDocs, configSample, configShow } from './config.ts';
import { configSet } from './config-set.ts';
import { deadDrop } from './dead-drop.ts';
import { deadList, deadShow } from './dead-list.ts';
import { deadRedrive } from './dead-redrive.ts';
import { doctor } from './doctor.ts';
import { drill } from './drill.ts';
import { gaps } from './gaps.ts';
import { notifyTest } from './notify-test.ts';
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
import { supportBundle } from './support-bundle.ts';
import { tail } from './tail.ts';
import { ticketsList } from './tickets-list.ts';
import { ticketsAck, ticketsDiagnose, ticketsHold, ticketsRelease, ticketsResolve } from './tickets-move.ts';
import { ticketsShow } from './tickets-show.ts';
import { ticketsWatch } from './tickets-watch.ts';
import { tokenAdd, tokenList, tokenRevoke } from './token.ts';
import { verify } from './verify.ts';
import { why } from './why.ts';

export const COMMANDS: readonly Command[] = [
  status,
  why,
  doctor,
  readings,
  tail,
  chart,
  gaps,
  verify,
  drill,
  ticketsList,
  ticketsShow,
  ticketsAck,
  ticketsDiagnose,
  ticketsHold,
  ticketsRelease,
  ticketsResolve,
  ticketsWatch,
  notifyTest,
  sensorsScan,
  sensorsList,
  sensorsRead,
  sensorsCheckDriver,
  breakerShow,
  breakerHold,
  breakerRelease,
  outboxStat,
  outboxPeek,
  outboxExport,
  outboxImport,
  outboxCompact,
  deadList,
  deadShow,
  deadRedrive,
  deadDrop,
  backupCreate,
  backupVerify,
  backupRestore,
  tokenAdd,
  tokenList,
  tokenRevoke,
  supportBundle,
  configCheck,
  configShow,
  configSet,
  configSample,
  configDocs,
  createCompletion(() => COMMANDS),
  createCommandsCommand(() => COMMANDS),
];
