/** Every check, in the order in which they are shown. */

import type { Check } from '../finding.ts';
import { apiPort } from './api-port.ts';
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

export const CHECKS: readonly Check[] = [
  configFile,
  configAccess,
  configSecrets,
  dataDirectory,
  dataEngine,
  dataOutbox,
  dataStore,
  dataQuarantine,
  diskSpace,
  diskInodes,
  diskMount,
  diskErrors,
  apiPort,
];
