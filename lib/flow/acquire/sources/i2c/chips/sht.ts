/** What SHT3x and SHT4x have in common: one command measures both values, and temperatures are coded alike. */

import type { ChipValue } from '../chip.ts';
import type { Sensirion } from './sensirion.ts';

export interface ShtMeasurement {
  /** The command, and how long the chip is busy with it. */
  readonly bytes: Uint8Array;
  readonly busyMs: number;
  /** The relative humidity of its word, in percent. */
  readonly percentOf: (raw: number) => number;
}

/** One measurement of both. Rejects as `Sensirion` does. */
export async function measureSht(
  { command, answer }: Pick<Sensirion, 'command' | 'answer'>,
  { bytes, busyMs, percentOf }: ShtMeasurement,
  signal: AbortSignal,
): Promise<readonly ChipValue[]> {
  await command(bytes, busyMs, signal);
  const [temperature = 0, humidity = 0] = await answer(2, signal);
  return [
    { metric: 'temperature', value: celsiusOf(temperature) },
    { metric: 'humidity', value: percentOf(humidity) },
  ];
}

/**
 * SHT3x 4.13 and SHT4x 4.6, in celsius, cut to whole thousandths as the kernel's drivers do. They divide by 2^16
 * where the data sheets say 2^16 - 1, which is less than 0.003 celsius.
 */
function celsiusOf(raw: number): number {
  return (((21_875 * raw) >> 13) - 45_000) / 1_000;
}
