/** Every chip that is read directly over I2C, in one table: `type` in the configuration -> driver. */

import type { ChipDriver } from '../chip.ts';
import { ADS1115 } from './ads1115.ts';
import { BH1750 } from './bh1750.ts';
import { BME280, BMP280 } from './bme280.ts';
import { INA219 } from './ina219.ts';
import { LM75, LM75B } from './lm75.ts';
import { MCP9808 } from './mcp9808.ts';
import { SCD4X } from './scd4x.ts';
import { SHT3X } from './sht3x.ts';
import { SHT4X } from './sht4x.ts';
import { TMP102 } from './tmp102.ts';

export const CHIP_DRIVERS: readonly ChipDriver[] = [
  BME280,
  BMP280,
  SHT3X,
  SHT4X,
  SCD4X,
  ADS1115,
  INA219,
  BH1750,
  MCP9808,
  TMP102,
  LM75,
  LM75B,
];
