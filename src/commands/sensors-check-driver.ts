/**
 * `sensorctl sensors check-driver PATH`: tries a driver of one's own before the gateway gets it. The clauses are
 * the ones that our own drivers are tested with. A chip's driver is tried without the chip first, where nobody
 * answers and where nonsense is answered; with `--bus` on the chip itself, too.
 */

import { resolve } from 'node:path';
import { systemClock } from '../../lib/base/clock.ts';
import { EXIT, messageOf } from '../../lib/base/errors.ts';
import { CHIP_CLAUSES } from '../../lib/flow/acquire/contract/chip-clauses.ts';
import { tryClauses, type Verdict } from '../../lib/flow/acquire/contract/clause.ts';
import { type SourceUnderTest, sourceClauses } from '../../lib/flow/acquire/contract/source-clauses.ts';
import { BUS_OF_THE_HEADER } from '../../lib/flow/acquire/sources/i2c/i2c-bus.ts';
import { createI2cBuses, type I2cBuses } from '../../lib/flow/acquire/sources/i2c/i2c-buses.ts';
import { type DriverModule, loadDriverModule } from '../../lib/flow/acquire/sources/module/driver-module.ts';
import { createModuleSource } from '../../lib/flow/acquire/sources/module/module-source.ts';
import { type Command, type CommandContext, operandOf, textOption, usageError } from './command.ts';

/** A person waits for it, and a driver may well take its time. */
const DEADLINE_MS = 10_000;

export const sensorsCheckDriver: Command = {
  name: 'sensors check-driver',
  about: 'try a driver of your own against all that a driver promises',
  operand: 'PATH',
  options: {
    bus: { value: 'N', about: 'I2C: try it on the chip, too, on /dev/i2c-N' },
    address: { value: 'ADDRESS', about: 'I2C: where the chip is, such as 0x38 (else its usual address)' },
  },
  examples: [
    [
      'sensorctl sensors check-driver ./pond.mjs',
      'does it keep its promises, as far as can be told without the chip?',
    ],
    ['sensorctl sensors check-driver ./pond.mjs --bus 1', 'and with the chip?'],
  ],
  async run(context) {
    const path = resolve(operandOf(context, sensorsCheckDriver));
    const bus = numberOption(context, 'bus', { min: 0, max: 255 });
    const address = numberOption(context, 'address', { min: 0x08, max: 0x77 });
    const verdicts: Verdict[] = [];
    const tell = async (verdict: Verdict) => {
      verdicts.push(verdict);
      if (!context.json) for (const line of inWords(verdict)) await context.terminal.out(line);
    };
    const module = await load(path, tell);
    const buses = createI2cBuses({ clock: systemClock });
    for (const verdict of module === undefined ? [] : await tryAll(module, { path, bus, address, buses })) {
      await tell(verdict);
    }
    const hangs = buses.status().some(({ state }) => state === 'stuck') || verdicts.some(({ late }) => late);
    buses.close();
    const broken = verdicts.filter((one) => one.broken !== undefined).length;
    if (context.json) await context.terminal.out(JSON.stringify(asJson(path, verdicts)));
    else await context.terminal.out(`\n${verdicts.length - broken} promises kept, ${broken} broken`);
    if (module?.kind === 'chip' && bus === undefined)
      context.terminal.note('With --bus it is tried on the chip, too.');
    if (hangs) context.leave?.();
    return broken === 0 ? EXIT.ok : EXIT.failed;
  },
};

async function load(
  path: string,
  tell: (verdict: Verdict) => Promise<void>,
): Promise<DriverModule | undefined> {
  const title = 'it can be loaded';
  try {
    const module = await loadDriverModule(path);
    await tell({ title, broken: undefined, late: false });
    return module;
  } catch (error) {
    await tell({ title, broken: messageOf(error), late: false });
    return undefined;
  }
}

interface Place {
  readonly path: string;
  readonly bus: number | undefined;
  readonly address: number | undefined;
  readonly buses: I2cBuses;
}

async function tryAll(module: DriverModule, place: Place): Promise<readonly Verdict[]> {
  const { path, bus, address, buses } = place;
  const create = (): SourceUnderTest => ({
    source: createModuleSource({
      name: 'checked',
      path,
      address,
      bus: () => buses.of(bus ?? BUS_OF_THE_HEADER),
      clock: systemClock,
      deadlineMs: DEADLINE_MS,
    }),
    settle: (work) => work,
  });
  const chip = module.kind === 'chip' ? await tryClauses(CHIP_CLAUSES, () => module.driver, systemClock) : [];
  // A driver that misbehaves without the chip may not have it.
  if (chip.some(({ broken }) => broken !== undefined)) return chip;
  if (module.kind === 'chip' && bus === undefined) return chip;
  return [...chip, ...(await tryClauses(sourceClauses(), create, systemClock))];
}

function asJson(path: string, verdicts: readonly Verdict[]): object {
  const told = verdicts.map(({ title, broken = null }) => ({ title, broken }));
  return { ok: told.every(({ broken }) => broken === null), path, verdicts: told };
}

function inWords({ title, broken }: Verdict): string[] {
  return broken === undefined ? [`ok    ${title}`] : [`FAIL  ${title}`, `      ${broken}`];
}

function numberOption(
  context: CommandContext,
  option: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = textOption(context, option);
  if (text === undefined) return undefined;
  const value = /^(0x[0-9a-f]{1,2}|\d{1,3})$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usageError(`--${option}: "${text}" is not ${min} to ${max}`, 'sensors check-driver');
}
