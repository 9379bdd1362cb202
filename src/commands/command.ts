/**
 * What a command of `sensorctl` is. The table of them (`index.ts`) is the only description: arguments
 * are checked against it and the help is made from it.
 */

import { GatewayError } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';

export interface OptionSpec {
  /** The name of its value in the help; without one the option is a switch. */
  readonly value?: string;
  readonly about: string;
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** Where a command speaks: data on standard output, everything else on standard error. */
export interface Terminal {
  /** One line of data. Resolves when the reader has room for more. */
  out(line: string): Promise<void>;
  /** One line for the person. */
  note(line: string): void;
  /** Whether data may be coloured. */
  readonly colours: boolean;
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
}

export interface Command {
  /** One or two words. */
  readonly name: string;
  readonly about: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** The one word that follows the name, such as `FILE`; found among the options under this name. */
  readonly operand?: string;
  readonly examples: readonly (readonly [line: string, about: string])[];
  /** Left out of the help: for those who work on the product. */
  readonly hidden?: boolean;
  /** Returns the exit code; throws `GatewayError` for everything that it expects. */
  run(context: CommandContext): Promise<number>;
}

/** The text of an option, if it was given. */
export function textOption({ options }: CommandContext, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The operand, which `parseInvocation` has seen to. Throws `SGW_USAGE` if there is none. */
export function operandOf(context: CommandContext, { name, operand = '' }: Command): string {
  const value = textOption(context, operand);
  if (value === undefined) throw usageError(`"${name}" needs a ${operand}`, name);
  return value;
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

export function usageError(message: string, command = ''): GatewayError {
  return new GatewayError('SGW_USAGE', message, { hint: `See: sensorctl ${command && `${command} `}--help` });
}
