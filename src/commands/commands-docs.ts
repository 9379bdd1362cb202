/** `docs/commands.md`, made from the table of commands: what each does, with examples, options, and its format of JSON. */

import { GLOBAL_OPTIONS } from './arguments.ts';
import type { Command, OptionSpec } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { calledAs, choiceRows, optionRows } from './help.ts';
import { formatOf } from './json-format.ts';

export function commandsMarkdown(commands: readonly Command[]): string {
  const visible = commands.filter(({ hidden }) => !hidden);
  return [
    '# Commands',
    '',
    '<!-- Written by `npm run docs`. Change the table of commands in src/commands instead. -->',
    '',
    'What `sensorctl` can do. Data goes to standard output, everything else to standard error; colours only go to',
    'a terminal whose owner has not declined them (`NO_COLOR=1`, `TERM=dumb`, `--no-color`). `man sensorctl` says the',
    'same, and the shell completes commands and options (`sensorctl completion bash`).',
    '',
    '| command | what it does |',
    '| --- | --- |',
    ...visible.map(
      (command) => `| [\`${calledAs(command)}\`](#${anchorOf(command)}) | ${cell(command.about)} |`,
    ),
    '',
    '## Options of every command',
    '',
    ...optionTable(GLOBAL_OPTIONS),
    '',
    '## Exit codes',
    '',
    '| exit code | meaning |',
    '| --- | --- |',
    ...EXIT_CODES.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    '',
    'Each error has a code of its own besides: see [errors.md](errors.md). `sensorctl doctor --check` ends with 0, 1, 2 or',
    '3, as Nagios has it.',
    '',
    '## JSON',
    '',
    'With `--json` every object that is printed begins with the name and the version of its format:',
    '`{"format":"status/1", ...}`. A key may be added at any time; if one goes, or comes to mean something else, the version',
    'is another one. [json-formats.json](json-formats.json) has all of them as a JSON Schema.',
    ...visible.flatMap(described),
    '',
  ].join('\n');
}

function described(command: Command): string[] {
  const format = formatOf(command);
  return [
    '',
    `## ${calledAs(command)}`,
    '',
    `${sentence(command.about)}${format === undefined ? '' : ` JSON: \`${format}\`.`}`,
    '',
    '```',
    ...command.examples.map(([line, about]) => `${line}   # ${about}`),
    '```',
    ...choiceRows(command).flatMap(([operand, choices]) => ['', `\`${operand}\`: ${choices}.`]),
    ...(Object.keys(command.options).length === 0 ? [] : ['', ...optionTable(command.options)]),
  ];
}

function optionTable(options: Readonly<Record<string, OptionSpec>>): string[] {
  return [
    '| option | what it does |',
    '| --- | --- |',
    ...optionRows(options).map(([name, about]) => `| \`${name}\` | ${cell(about)} |`),
  ];
}

/** As GitHub and others make it from the heading. */
function anchorOf(command: Command): string {
  return calledAs(command)
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
