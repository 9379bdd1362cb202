/**
 * All invariants, parents before their children; otherwise in the order in which trouble travels: machine, sensors,
 * delivery.
 */

import { backlogAge } from './backlog-age.ts';
import { backlogGrowing } from './backlog-growing.ts';
import { bootsOften } from './boots-often.ts';
import { breakerFlapping } from './breaker-flapping.ts';
import { breakerHeld } from './breaker-held.ts';
import { breakerOpen } from './breaker-open.ts';
import { busStuck } from './bus-stuck.ts';
import { certificateExpires } from './certificate-expires.ts';
import { clockJumped } from './clock-jumped.ts';
import { clockUntrusted } from './clock-untrusted.ts';
import { cpuHot } from './cpu-hot.ts';
import { cpuThrottled } from './cpu-throttled.ts';
import { deadLetters } from './dead-letters.ts';
import { deliveryMisconfigured } from './delivery-misconfigured.ts';
import { deliveryRefused } from './delivery-refused.ts';
import { diskErrors } from './disk-errors.ts';
import { diskInodes } from './disk-inodes.ts';
import { diskReadOnly } from './disk-read-only.ts';
import { diskRefuses } from './disk-refuses.ts';
import { diskSlow } from './disk-slow.ts';
import { diskSpace } from './disk-space.ts';
import { fileDamaged } from './file-damaged.ts';
import { gapsUnexplained } from './gaps-unexplained.ts';
import { gatewayDoubled } from './gateway-doubled.ts';
import type { Invariant } from './invariant.ts';
import { lookUnanswered } from './look-unanswered.ts';
import { memoryLow } from './memory-low.ts';
import { notifyFailing } from './notify-failing.ts';
import { oomKills } from './oom-kills.ts';
import { outboxDeleted } from './outbox-deleted.ts';
import { outboxForecast } from './outbox-forecast.ts';
import { programSilent } from './program-silent.ts';
import { readingsGivenUp } from './readings-given-up.ts';
import { recoveryGaveUp } from './recovery-gave-up.ts';
import { recoverySilent } from './recovery-silent.ts';
import { restartsOften } from './restarts-often.ts';
import { sensorGarbled } from './sensor-garbled.ts';
import { sensorOutOfRange } from './sensor-out-of-range.ts';
import { sensorSilent } from './sensor-silent.ts';
import { sensorSpiking } from './sensor-spiking.ts';
import { sensorStuck } from './sensor-stuck.ts';
import { tokensGuessed } from './tokens-guessed.ts';
import { underVoltage } from './under-voltage.ts';
import { unitFailed } from './unit-failed.ts';
import { watchdogKills } from './watchdog-kills.ts';

export const INVARIANTS: readonly Invariant[] = [
  lookUnanswered,
  unitFailed,
  programSilent,
  watchdogKills,
  restartsOften,
  bootsOften,
  oomKills,
  recoverySilent,
  recoveryGaveUp,
  busStuck,
  sensorSilent,
  sensorGarbled,
  sensorStuck,
  sensorOutOfRange,
  sensorSpiking,
  breakerHeld,
  breakerFlapping,
  deliveryMisconfigured,
  breakerOpen,
  deliveryRefused,
  deadLetters,
  backlogAge,
  outboxForecast,
  backlogGrowing,
  readingsGivenUp,
  gapsUnexplained,
  fileDamaged,
  outboxDeleted,
  diskSpace,
  diskInodes,
  diskReadOnly,
  diskErrors,
  diskRefuses,
  diskSlow,
  memoryLow,
  underVoltage,
  cpuHot,
  cpuThrottled,
  clockUntrusted,
  clockJumped,
  certificateExpires,
  tokensGuessed,
  gatewayDoubled,
  notifyFailing,
];
