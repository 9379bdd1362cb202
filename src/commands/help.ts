/** The help, made from the table of commands. Examples first: most people only need one of them. */

import { GLOBAL_OPTIONS } from './arguments.ts';
import type { Command, OptionSpec } from './command.ts';

export function generalHelp(commands: readonly Command[]): string {
  const visible = commands.filter((command) => !command.hidden);
  return [
    'sensorctl: look at and look after a sensor gateway.',
    '',
    'Examples:',
    ...columns(visible.flatMap(({ examples }) => examples.slice(0, 2))),
    '',
    'Commands:',
    ...columns(visible.map((command) => [calledAs(command), command.about])),
    '',
    'Options:',
    ...columns(optionRows(GLOBAL_OPTIONS)),
    '',
    'Exit codes: 0 all is well, 1 something needs a look, 64 wrong usage, 69 not available, 78 wrong',
    'configuration; all of them in docs/errors.md. More about one command: sensorctl COMMAND --help',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const { about, options, examples } = command;
  return [
    `sensorctl ${calledAs(command)}: ${about}`,
    '',
    'Examples:',
    ...columns(examples),
    '',
    'Options:',
    ...columns(optionRows({ ...options, ...GLOBAL_OPTIONS })),
  ].join('\n');
}

function calledAs({ name, operand }: Command): string {
  return operand === undefined ? name : `${name} ${operand}`;
}

function optionRows(options: Readonly<Record<string, OptionSpec>>): [string, string][] {
  return Object.entries(options).map(([name, spec]) => [
    `--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`,
    spec.about,
  ]);
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
