/** The man page of `sensorctl`, made from the table of commands: `man sensorctl`. */

import { GLOBAL_OPTIONS } from './arguments.ts';
import type { Command, OptionSpec } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { calledAs, choiceRows, optionRows } from './help.ts';

const FILES: readonly (readonly [string, string])[] = [
  ['/etc/sensor-gateway/config.yaml', 'the configuration; it may be missing'],
  ['/var/lib/sensor-gateway', 'outbox and store'],
  ['/run/sensor-gateway', 'how the programs are, while they run'],
];

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['SENSORGW_CONFIG', 'the configuration, unless --config names one'],
  ['SENSORGW_*', 'settings, which override the file: see docs/settings.md'],
  ['NO_COLOR', 'no colours, if it is not empty; so does TERM=dumb'],
];

export function manPage(commands: readonly Command[]): string {
  const visible = commands.filter(({ hidden }) => !hidden);
  return [
    '.\\" Written by `npm run docs` from the table of commands. Change src/commands instead.',
    '.TH SENSORCTL 1 "" "sensor-gateway" "User Commands"',
    '.SH NAME',
    'sensorctl \\- look at and look after a sensor gateway',
    '.SH SYNOPSIS',
    '.B sensorctl',
    '.I COMMAND',
    '[\\fIOPTION\\fR ...]',
    '.SH DESCRIPTION',
    roff(
      'Data goes to standard output, everything else to standard error. With --json each object names its format.',
    ),
    '.SH EXAMPLES',
    ...visible
      .filter(({ name }) => !name.includes(' '))
      .flatMap(({ examples }) => examples.slice(0, 1).flatMap(term)),
    '.SH COMMANDS',
    ...visible.flatMap(described),
    '.SH OPTIONS OF EVERY COMMAND',
    ...options(GLOBAL_OPTIONS),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, meaning]) => term([String(code), meaning])),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(term),
    '.SH FILES',
    ...FILES.flatMap(term),
    '.SH SEE ALSO',
    '.BR systemctl (1),',
    '.BR journalctl (1)',
    '',
  ].join('\n');
}

function described(command: Command): string[] {
  return [
    `.SS ${roff(calledAs(command))}`,
    roff(sentence(command.about)),
    ...choiceRows(command).flatMap(term),
    ...options(command.options),
    ...command.examples.flatMap(([line, about]) => ['.PP', roff(sentence(about)), '.br', `.B ${roff(line)}`]),
  ];
}

function options(specs: Readonly<Record<string, OptionSpec>>): string[] {
  return optionRows(specs).flatMap(term);
}

function term([name, about]: readonly [string, string]): string[] {
  return ['.TP', `.B ${roff(name)}`, roff(about)];
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!)]$/.test(begun) ? begun : `${begun}.`;
}

/** A dash that can be copied, no escape by accident, and no line that would be a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
    .replaceAll('"', '\\(dq');
}
