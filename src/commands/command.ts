/**
 * What a command of `sensorctl` is. The table of them (`index.ts`) is the only description: arguments
 * are checked against it and the help is made from it.
 */

import { GatewayError } from '../../lib/base/errors.ts';

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
}

export interface Command {
  /** One or two words. */
  readonly name: string;
  readonly about: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
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

export function usageError(message: string, command = ''): GatewayError {
  return new GatewayError('SGW_USAGE', message, { hint: `See: sensorctl ${command && `${command} `}--help` });
}
