/** The help, made from the table of commands. Examples first: most people only need one of them. */

import { GLOBAL_OPTIONS } from './arguments.ts';
import type { Command, OptionSpec } from './command.ts';

/** Of a page or a pipe, and of most terminals. */
const USUAL_COLUMNS = 80;

/** Below this there is no room for two columns: what is said goes under what it is said of. */
const TWO_COLUMNS_MIN = 60;

/** A longer name has a line of its own. */
const NAME_COLUMNS_MAX = 34;

/** `columns`: how wide the terminal is. */
export function generalHelp(commands: readonly Command[], columns = USUAL_COLUMNS): string {
  const visible = commands.filter((command) => !command.hidden);
  return [
    ...wrapped('sensorctl: look at and look after a sensor gateway.', columns),
    '',
    'Examples:',
    ...table(everydayOf(visible), columns),
    '',
    'Commands:',
    ...table(
      visible.map((command) => [calledAs(command), command.about]),
      columns,
    ),
    '',
    'Options:',
    ...table(optionRows(GLOBAL_OPTIONS), columns),
    '',
    ...wrapped(
      'Exit codes: 0 all is well, 1 something needs a look, 64 wrong usage, 69 not available, 78 wrong configuration; all of them in docs/commands.md.',
      columns,
    ),
    ...wrapped(
      'More about one command: sensorctl COMMAND --help; about all of them: man sensorctl.',
      columns,
    ),
  ].join('\n');
}

export function commandHelp(command: Command, columns = USUAL_COLUMNS): string {
  const { about, options, examples } = command;
  return [
    ...wrapped(`sensorctl ${calledAs(command)}: ${about}`, columns),
    '',
    'Examples:',
    ...table(examples, columns),
    '',
    'Options:',
    ...table([...choiceRows(command), ...optionRows({ ...options, ...GLOBAL_OPTIONS })], columns),
  ].join('\n');
}

/** What stands behind `sensorctl`: `backup verify FILE`. */
export function calledAs({ name, operand }: Pick<Command, 'name' | 'operand'>): string {
  return operand === undefined ? name : `${name} ${operand}`;
}

/** Commands of one word are those of every day; of a group, which may be all that is asked for, each command is. */
function everydayOf(commands: readonly Command[]): (readonly [string, string])[] {
  const everyday = commands.filter(({ name }) => !name.includes(' '));
  return (everyday.length > 0 ? everyday : commands).flatMap(({ examples }) => examples.slice(0, 1));
}

/** What an operand may be, where that is a short list. */
export function choiceRows({ operand, operandChoices }: Command): [string, string][] {
  if (operand === undefined || operandChoices === undefined) return [];
  return [[operand, `one of ${operandChoices.join(', ')}`]];
}

/** `--since TIME` and what it is. */
export function optionRows(options: Readonly<Record<string, OptionSpec>>): [string, string][] {
  return Object.entries(options).map(([name, spec]) => [
    `${spec.short === undefined ? '' : `-${spec.short}, `}--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`,
    spec.about,
  ]);
}

function table(rows: readonly (readonly [string, string])[], columns: number): string[] {
  if (columns < TWO_COLUMNS_MIN) {
    return rows.flatMap(([left, right]) => [
      ...wrapped(left, columns - 2).map((line) => `  ${line}`),
      ...wrapped(right, columns - 6).map((line) => `      ${line}`),
    ]);
  }
  const width = Math.min(NAME_COLUMNS_MAX, Math.max(...rows.map(([left]) => left.length)));
  const indent = ' '.repeat(width + 4);
  return rows.flatMap(([left, right]) => {
    const lines = wrapped(right, columns - indent.length);
    if (left.length > width) return [`  ${left}`, ...lines.map((line) => `${indent}${line}`)];
    const [first = '', ...rest] = lines;
    return [`  ${left.padEnd(width)}  ${first}`.trimEnd(), ...rest.map((line) => `${indent}${line}`)];
  });
}

/** At spaces; a word that is longer than a line stays whole, so that it can be copied. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
