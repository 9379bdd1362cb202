/** From the words of a command line to a command and its options; what does not fit is said, not ignored. */

import { parseArgs } from 'node:util';
import { didYouMean } from '../../lib/base/nearest.ts';
import { printable } from '../../lib/base/printable.ts';
import { type Command, type OptionSpec, type OptionValues, usageError } from './command.ts';

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
        ([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' }] as const,
      ),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });

  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const command = findCommand(words, commands);
  const known = { ...GLOBAL_OPTIONS, ...command?.options };
  const options: Record<string, string | boolean> = {};
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
    options[token.name] = token.value ?? true;
  }
  // After the options: an unknown one leaves its value behind as a word.
  const operands = words.slice(command?.name.split(' ').length ?? 0);
  if (command?.operand !== undefined && operands[0] !== undefined) {
    options[command.operand] = operands[0];
    operands.shift();
  }
  const group = command === undefined ? groupOf(words, commands) : [];
  if (options.help === true && group.length > 0) return { command, among: group, options };
  if (operands.length > 0) throw unknownWord(words, commands, command);
  return { command, among: commands, options };
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
  const visible = commands.filter((one) => !one.hidden).map(({ name }) => name);
  const group = groupOf(words, commands).map(({ name }) => name);
  if (group.length > 0) return usageError(`"${words[0]}" what? ${group.join(', ')}`);
  const typed = printable(words.slice(0, 2).join(' '), 60);
  const hint = didYouMean(typed, visible) || didYouMean(words[0] ?? '', visible);
  return usageError(`unknown command "${typed}".${hint}`);
}
