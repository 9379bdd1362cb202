/** Every check, in the order in which they are shown. */

import type { Check } from '../finding.ts';
import { apiCertificate } from './api-certificate.ts';
import { apiPort } from './api-port.ts';
import { apiReader } from './api-reader.ts';
import { apiTokens } from './api-tokens.ts';
import { clockFloor } from './clock-floor.ts';
import { clockSynchronised } from './clock-synchronised.ts';
import { clockZone } from './clock-zone.ts';
import { configAccess } from './config-access.ts';
import { configFile } from './config-file.ts';
import { configSecrets } from './config-secrets.ts';
import { dataDirectory } from './data-directory.ts';
import { dataEngine } from './data-engine.ts';
import { dataOutbox } from './data-outbox.ts';
import { dataQuarantine } from './data-quarantine.ts';
import { dataStore } from './data-store.ts';
import { diskErrors } from './disk-errors.ts';
import { diskInodes } from './disk-inodes.ts';
import { diskMount } from './disk-mount.ts';
import { diskSpace } from './disk-space.ts';
import { i2cBus } from './i2c-bus.ts';
import { configLimits, diskLimits, memoryLimits, systemdLimits } from './limits.ts';
import { memoryAvailable } from './memory-available.ts';
import { memoryCgroup } from './memory-cgroup.ts';
import { networkCertificates } from './network-certificates.ts';
import { networkDestinations } from './network-destinations.ts';
import { powerSupply } from './power-supply.ts';
import { systemdFiles } from './systemd-files.ts';
import { systemdJournal } from './systemd-journal.ts';
import { systemdNetwork } from './systemd-network.ts';
import { systemdRecovery } from './systemd-recovery.ts';
import { systemdState } from './systemd-state.ts';
import { systemdUnits } from './systemd-units.ts';
import { systemdWatchdog } from './systemd-watchdog.ts';

export const CHECKS: readonly Check[] = [
  configFile,
  configAccess,
  configSecrets,
  configLimits,
  dataDirectory,
  dataEngine,
  dataOutbox,
  dataStore,
  dataQuarantine,
  diskSpace,
  diskInodes,
  diskMount,
  diskErrors,
  diskLimits,
  clockSynchronised,
  clockFloor,
  clockZone,
  systemdUnits,
  systemdState,
  systemdFiles,
  systemdNetwork,
  systemdRecovery,
  systemdJournal,
  systemdWatchdog,
  systemdLimits,
  memoryCgroup,
  memoryAvailable,
  memoryLimits,
  powerSupply,
  i2cBus,
  apiPort,
  apiReader,
  apiTokens,
  apiCertificate,
  networkDestinations,
  networkCertificates,
];
