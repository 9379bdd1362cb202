/** From the words of a command line to a command and its options; what does not fit is said, not ignored. */

import { parseArgs } from 'node:util';
import { didYouMean, nearest } from '../../lib/base/nearest.ts';
import { printable } from '../../lib/base/printable.ts';
import { type Command, type OptionSpec, type OptionValues, operandsOf, usageError } from './command.ts';

/** What every command understands. */
export const GLOBAL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  config: {
    value: 'FILE',
    about: 'the configuration (else SENSORGW_CONFIG, /etc/sensor-gateway/config.yaml)',
  },
  'data-dir': { value: 'DIR', about: 'where outbox and store lie (else as configured)' },
  json: { about: 'print JSON, for programs' },
  'no-color': { about: 'no colours (as does NO_COLOR=1)' },
  help: { about: 'this text, or the one of a command' },
  version: { about: 'the version' },
};

export interface Invocation {
  /** `undefined`: none was named. */
  readonly command: Command | undefined;
  /** Whose help is meant when no command was named: all, or those of a group (`breaker --help`). */
  readonly among: readonly Command[];
  readonly options: OptionValues;
}

/** Throws `SGW_USAGE` with the nearest thing that exists. */
export function parseInvocation(args: readonly string[], commands: readonly Command[]): Invocation {
  const specs = new Map(Object.entries(GLOBAL_OPTIONS));
  for (const command of commands)
    for (const [name, spec] of Object.entries(command.options)) specs.set(name, spec);
  const { tokens } = parseArgs({
    args: args.map((arg) => (arg === '-h' ? '--help' : arg)),
    options: Object.fromEntries(
      [...specs].map(
        ([name, { value, short }]) =>
          [
            name,
            { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) },
          ] as const,
      ),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });

  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  // `sensorctl help status`, as with git and systemctl.
  const askedFor = words[0] === 'help';
  if (askedFor) words.shift();
  const command = findCommand(words, commands);
  const known = { ...GLOBAL_OPTIONS, ...command?.options };
  const options: Record<string, string | boolean> = askedFor ? { help: true } : {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    const shown = printable(token.rawName, 60);
    if (spec === undefined) {
      const names = Object.keys(known).map((name) => `--${name}`);
      const where = command === undefined ? '' : ` for "${command.name}"`;
      throw usageError(`unknown option ${shown}${where}.${didYouMean(token.rawName, names)}`, command?.name);
    }
    if (spec.value !== undefined && !token.value) {
      throw usageError(`${shown} needs a value: ${shown} ${spec.value}`, command?.name);
    }
    if (spec.value === undefined && token.value !== undefined) {
      throw usageError(`${shown} takes no value`, command?.name);
    }
    assertChoice(shown, token.value, spec.choices, command?.name);
    options[token.name] = token.value ?? true;
  }
  // After the options: an unknown one leaves its value behind as a word.
  const operands = words.slice(command?.name.split(' ').length ?? 0);
  for (const name of command === undefined ? [] : operandsOf(command)) {
    const operand = operands.shift();
    if (operand === undefined) break;
    assertChoice(name, operand, command?.operandChoices, command?.name);
    options[name] = operand;
  }
  const group = command === undefined ? groupOf(words, commands) : [];
  if (options.help === true && group.length > 0) return { command, among: group, options };
  if (operands.length > 0) throw unknownWord(words, commands, command);
  return { command, among: commands, options };
}

/** Throws `SGW_USAGE` with the nearest thing that it may be. */
function assertChoice(
  what: string,
  value: string | undefined,
  choices: readonly string[] | undefined,
  command: string | undefined,
): void {
  if (value === undefined || choices === undefined || choices.includes(value)) return;
  const hint = didYouMean(value, choices) || ` There is ${choices.join(', ')}.`;
  throw usageError(`${what}: there is no "${printable(value, 60)}".${hint}`, command);
}

function findCommand(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return commands.find(({ name }) => name.split(' ').every((word, i) => words[i] === word));
}

/** The commands of two words that begin with the one that was typed. */
function groupOf(words: readonly string[], commands: readonly Command[]): readonly Command[] {
  if (words.length !== 1) return [];
  return commands.filter(({ name, hidden }) => !hidden && name.startsWith(`${words[0]} `));
}

function unknownWord(words: readonly string[], commands: readonly Command[], command: Command | undefined) {
  if (command !== undefined) {
    return usageError(`"${command.name}" takes no "${printable(words.at(-1) ?? '', 60)}"`, command.name);
  }
  const [first = '', second] = words;
  const group = groupOf([first], commands).map(({ name }) => name);
  if (group.length > 0 && second === undefined) return usageError(`"${first}" what? ${group.join(', ')}`);
  const typed = printable(words.slice(0, 2).join(' '), 60);
  if (group.length > 0) {
    // Only the second word is in question: the first would make any other command of the group look near.
    const meant = nearest(
      second ?? '',
      group.map((name) => name.slice(first.length + 1)),
    );
    const hint = meant === undefined ? `There is ${group.join(', ')}.` : `Did you mean "${first} ${meant}"?`;
    return usageError(`unknown command "${typed}". ${hint}`);
  }
  const visible = commands.filter((one) => !one.hidden).map(({ name }) => name);
  const hint = didYouMean(typed, visible) || didYouMean(first, visible);
  return usageError(`unknown command "${typed}".${hint}`);
}
