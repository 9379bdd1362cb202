/** The settings of single chips: each driver states which of them it knows and what they may be. */

import { GatewayError } from '../../../../../base/errors.ts';
import type { ChipDriver, ChipOptions, OptionRule } from '../chip.ts';

/** The names in the program, in the order in which people are told of them. */
export const CHIP_OPTIONS = [
  'oversampling',
  'shuntOhm',
  'rangeVolt',
] as const satisfies readonly (keyof ChipOptions)[];

/** What is wrong with the value, as the end of a sentence; `undefined` if nothing is. */
export function problemWith(rule: OptionRule, value: number): string | undefined {
  if ('min' in rule) {
    return value >= rule.min && value <= rule.max ? undefined : `must be ${rule.min} to ${rule.max}`;
  }
  return rule.includes(value) ? undefined : `must be one of ${rule.join(', ')}`;
}

/** Throws `SGW_CONFIG_INVALID` for an option that this chip does not have, and for a value that it cannot have. */
export function checkOptions(
  { type, options: rules }: Pick<ChipDriver, 'type' | 'options'>,
  options: ChipOptions,
): void {
  for (const name of CHIP_OPTIONS) {
    const value = options[name];
    if (value === undefined) continue;
    const rule = rules?.[name];
    const problem = rule === undefined ? `means nothing to a ${type}` : problemWith(rule, value);
    if (problem !== undefined) throw new GatewayError('SGW_CONFIG_INVALID', `${name} ${value} ${problem}`);
  }
}
