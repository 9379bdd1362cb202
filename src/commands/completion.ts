/** `sensorctl completion SHELL`: what a shell needs to complete commands, options and files. */

import { EXIT } from '../../lib/base/errors.ts';
import { type Command, operandOf } from './command.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { type CompletionModel, completionModel } from './completion-model.ts';
import { zshCompletion } from './completion-zsh.ts';

const SHELLS: Readonly<Record<string, (model: CompletionModel) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `commands`: the whole table, of which this one is a part. */
export function createCompletion(commands: () => readonly Command[]): Command {
  const command: Command = {
    name: 'completion',
    about: 'print the completion for a shell (the installer has put it in place)',
    operand: 'SHELL',
    operandChoices: Object.keys(SHELLS),
    options: {},
    examples: [
      ['sensorctl completion bash > ~/.local/share/bash-completion/completions/sensorctl', 'for yourself'],
    ],
    jsonVersion: null,
    async run(context) {
      const script = SHELLS[operandOf(context, command)]?.(completionModel(commands())) ?? '';
      await context.terminal.out(script.trimEnd());
      return EXIT.ok;
    },
  };
  return command;
}
