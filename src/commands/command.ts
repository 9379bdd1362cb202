/**
 * What a command of `sensorctl` is. The table of them (`index.ts`) is the only description: arguments
 * are checked against it and the help is made from it.
 */

import { GatewayError } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { parseDuration } from '../../lib/base/quantity-text.ts';
import type { Screen } from './screen.ts';

export interface OptionSpec {
  /** The name of its value in the help; without one the option is a switch. `FILE` and `DIR` are completed as such. */
  readonly value?: string;
  /** One letter that means the same: `n` for `-n`. */
  readonly short?: string;
  readonly about: string;
  /** What it may be, where that is a short list: for the help of a shell, and checked before the command runs. */
  readonly choices?: readonly string[];
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** Where a command speaks: data on standard output, everything else on standard error. */
export interface Terminal {
  /** One line of data. Resolves when the reader has room for more. */
  out(line: string): Promise<void>;
  /** Whether somebody may still read it: a pipe may have been closed. */
  isRead?(): boolean;
  /** One line for the person. */
  note(line: string): void;
  /** Whether data may be coloured. */
  readonly colours: boolean;
  /** How wide the terminal is; `undefined`: data goes into a file or a pipe. */
  readonly columns?: number | undefined;
  /** Whether it shows more than ASCII, such as braille. */
  readonly unicode?: boolean;
}

export interface CommandContext {
  readonly options: OptionValues;
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly wallMs: () => number;
  readonly hostName: string;
  /** Where the product is installed; its `data` directory is used by `npm start`. */
  readonly packageDir: string;
  /**
   * Ends the program at once, although something still hangs in a driver; it then has no exit code (a shell reports
   * 143, for the signal that it dies of). Tests go on without it.
   */
  readonly leave?: () => void;
  /** The whole terminal, for a live view; `undefined` where there is none. Whoever opens it closes it. */
  readonly openScreen?: () => Screen | undefined;
  /** Has something cleared up if a signal ends the program. Returns what takes it back. */
  readonly onInterrupt?: (clearUp: () => void) => () => void;
}

export interface Command {
  /** One or two words. */
  readonly name: string;
  readonly about: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** The words that follow the name, such as `FILE` or `SENSOR METRIC`; each found among the options by its name. */
  readonly operand?: string;
  /** What the operand may be, where that is a short list. */
  readonly operandChoices?: readonly string[];
  readonly examples: readonly (readonly [line: string, about: string])[];
  /** Left out of the help: for those who work on the product. */
  readonly hidden?: boolean;
  /**
   * The version of what it prints with `--json`, 1 unless it has changed so that a reader of the former could fail;
   * `null`: that is a file of a format of its own.
   */
  readonly jsonVersion?: number | null;
  /** Returns the exit code; throws `GatewayError` for everything that it expects. */
  run(context: CommandContext): Promise<number>;
}

/** The text of an option, if it was given. */
export function textOption({ options }: CommandContext, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The operand, which `parseInvocation` has seen to. Throws `SGW_USAGE` if there is none. */
export function operandOf(
  context: CommandContext,
  { name, operand = '' }: Pick<Command, 'name' | 'operand'>,
  which: string = operand,
): string {
  const value = textOption(context, which);
  if (value === undefined) throw usageError(`"${name}" needs a ${which}: sensorctl ${name} ${operand}`, name);
  return value;
}

/** The names of its operands, in their order. */
export function operandsOf({ operand }: Pick<Command, 'operand'>): readonly string[] {
  return operand === undefined ? [] : operand.split(' ');
}

/** A whole number of at least 1, or `otherwise` if it was not given. Throws `SGW_USAGE`. */
export function countOption(
  context: CommandContext,
  option: string,
  otherwise: number,
  command: string,
): number {
  const text = textOption(context, option);
  if (text === undefined) return otherwise;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw usageError(`--${option}: "${printable(text, 60)}" is not a whole number of at least 1`, command);
}

/** A length of time of at least a second, such as `2s`, in milliseconds. Throws `SGW_USAGE`. */
export function durationOption(
  context: CommandContext,
  option: string,
  otherwiseMs: number,
  command: string,
): number {
  const text = textOption(context, option);
  if (text === undefined) return otherwiseMs;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1_000) return ms;
  throw usageError(
    `--${option}: "${printable(text, 60)}" is not a time of at least 1s, such as 2s or 5m`,
    command,
  );
}

export function usageError(message: string, command = ''): GatewayError {
  return new GatewayError('SGW_USAGE', message, { hint: `See: sensorctl ${command && `${command} `}--help` });
}
