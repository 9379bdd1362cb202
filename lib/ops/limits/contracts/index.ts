/** Every contract between limits, in the order in which they are shown. */

import type { Contract } from '../contract.ts';
import { DISK_CONTRACTS } from './disk.ts';
import { MEMORY_CONTRACTS } from './memory.ts';
import { SETTING_CONTRACTS } from './settings.ts';
import { UNIT_CONTRACTS } from './units.ts';

export const CONTRACTS: readonly Contract[] = [
  ...SETTING_CONTRACTS,
  ...DISK_CONTRACTS,
  ...UNIT_CONTRACTS,
  ...MEMORY_CONTRACTS,
];
