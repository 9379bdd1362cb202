/**
 * What the completions of all shells are made from: the words, options and values of the table of commands. Each
 * shell says the same in its own language (`completion-bash.ts`, `-zsh.ts`, `-fish.ts`).
 */

import { GLOBAL_OPTIONS } from './arguments.ts';
import { type Command, type OptionSpec, operandsOf } from './command.ts';

/** What may stand there: a file, a directory, one of these words, or something that only the person knows. */
export type Offer = 'file' | 'directory' | 'unknown' | readonly string[];

export interface CompletedOption {
  /** With its dashes. */
  readonly name: string;
  readonly about: string;
  /** `undefined`: it is a switch. */
  readonly value: Offer | undefined;
}

export interface CompletedCommand {
  readonly name: string;
  readonly about: string;
  /** Its own, and those of every command. */
  readonly options: readonly CompletedOption[];
  readonly operands: readonly Offer[];
}

export interface CompletionModel {
  /** The first words: commands, and the groups that others are in. */
  readonly first: readonly (readonly [word: string, about: string])[];
  /** Group -> the second words. */
  readonly groups: ReadonlyMap<string, readonly (readonly [word: string, about: string])[]>;
  readonly commands: readonly CompletedCommand[];
  /** What holds before a command is named. */
  readonly options: readonly CompletedOption[];
  /** Every option that is followed by a value. */
  readonly valued: readonly string[];
}

export function completionModel(commands: readonly Command[]): CompletionModel {
  const visible = commands.filter(({ hidden }) => !hidden);
  const first = new Map<string, string>([['help', 'what a command does, with examples']]);
  const groups = new Map<string, [string, string][]>();
  for (const { name, about } of visible) {
    const [word = '', second] = name.split(' ');
    if (second === undefined) first.set(word, about);
    else {
      const inGroup = groups.get(word) ?? [];
      groups.set(word, [...inGroup, [second, about]]);
      first.set(word, `${word} ${[...inGroup.map(([known]) => known), second].join(', ')}`);
    }
  }
  const all = visible.map(
    (command): CompletedCommand => ({
      name: command.name,
      about: command.about,
      options: optionsOf({ ...command.options, ...GLOBAL_OPTIONS }),
      operands: operandsOf(command).map((name) => command.operandChoices ?? offerOf(name)),
    }),
  );
  const options = optionsOf(GLOBAL_OPTIONS);
  const specs = [GLOBAL_OPTIONS, ...visible.map((command) => command.options)].flatMap((one) =>
    Object.entries(one),
  );
  const valued = specs.flatMap(([name, { value, short }]) =>
    value === undefined ? [] : [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
  );
  return { first: [...first], groups, commands: all, options, valued: [...new Set(valued)] };
}

function optionsOf(options: Readonly<Record<string, OptionSpec>>): CompletedOption[] {
  return Object.entries(options).map(([name, { about, value, choices }]) => ({
    name: `--${name}`,
    about,
    value: value === undefined ? undefined : (choices ?? offerOf(value)),
  }));
}

function offerOf(name: string): Offer {
  if (name === 'FILE') return 'file';
  return name === 'DIR' ? 'directory' : 'unknown';
}
