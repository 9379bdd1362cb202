/** `sensorctl commands WHAT`: the documents that follow from the table of commands; `npm run docs` puts them in place. */

import { EXIT } from '../../lib/base/errors.ts';
import { type Command, operandOf } from './command.ts';
import { commandsMarkdown } from './commands-docs.ts';
import { manPage } from './man-page.ts';

export function createCommandsCommand(commands: () => readonly Command[]): Command {
  const command: Command = {
    name: 'commands',
    about: 'print docs/commands.md, the man page, or docs/json-formats.json',
    operand: 'WHAT',
    operandChoices: ['docs', 'man', 'formats'],
    options: {},
    examples: [['sensorctl commands man | man -l -', 'how the man page looks']],
    hidden: true,
    jsonVersion: null,
    async run(context) {
      const what = operandOf(context, command);
      const text = what === 'docs' ? commandsMarkdown(commands()) : manPage(commands());
      await context.terminal.out((what === 'formats' ? await formats(commands()) : text).trimEnd());
      return EXIT.ok;
    },
  };
  return command;
}

/** Loaded here and not above: no other command needs the schemas. */
async function formats(commands: readonly Command[]): Promise<string> {
  const { jsonFormats } = await import('./formats/index.ts');
  return JSON.stringify(jsonFormats(commands), undefined, 2);
}
