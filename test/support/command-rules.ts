/** What texts may say of `sensorctl`: a command that somebody is told to run must be one that there is. */

import { GLOBAL_OPTIONS } from '../../src/commands/arguments.ts';
import type { Command } from '../../src/commands/command.ts';
import { type Files, withoutComments } from './house-rules.ts';

/** What people are told by programs, scripts and documents; what tests try out is theirs, and the man page is made. */
const TELLING =
  /^(?:(?:lib|src)\/.*\.ts|(?:docs|deploy(?!\/man)|examples)\/.*|[^/]*\.(?:md|sh|service|yaml))$/;

/** Up to where a command can go: the end of its line, quotes, brackets, what joins it to the next one, a comma. */
const MENTION = /\bsensorctl ([^\n`'"\\<>()[\]{}|;,:&#]*)/g;

/** Commands in these texts that do not exist, and options that a command does not have, each with its file. */
export function commandViolations(files: Files, commands: readonly Command[]): string[] {
  return [...files]
    .filter(([path]) => TELLING.test(path) && !path.endsWith('.test.ts'))
    .flatMap(([path, text]) => {
      const told = path.endsWith('.ts') ? withoutComments(text) : text;
      return [...told.matchAll(MENTION)].flatMap(([, rest = '']) => {
        const wrong = wrongIn(rest.trim().split(/ +/), commands);
        return wrong === undefined ? [] : [`${path}: there is no "sensorctl ${wrong}"`];
      });
    });
}

const WORD = /^[a-z][a-z-]*$/;

/** How a sentence about `sensorctl` itself goes on. */
const SENTENCE = /^(?:at|cannot|does|makes|prints|would)$/;

/** The words of it that are no command or none of its options; `undefined`: it can be run, or is no command line at all. */
function wrongIn(words: readonly string[], commands: readonly Command[]): string | undefined {
  const plain = words.map((word) => word.replace(/[.?!]$/, '')).filter((word) => word !== 'help');
  const [first = '', second = ''] = plain;
  const command = commands.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command !== undefined) {
    const known = { ...GLOBAL_OPTIONS, ...command.options };
    const [option] = plain
      .flatMap((word) => /^--([a-z-]+)/.exec(word)?.[1] ?? [])
      .filter((one) => !Object.hasOwn(known, one));
    return option === undefined ? undefined : `${command.name} --${option}`;
  }
  const isGroup = commands.some(({ name }) => name.startsWith(`${first} `));
  if (!WORD.test(first) || SENTENCE.test(first) || (isGroup && !WORD.test(second))) return undefined;
  return isGroup ? `${first} ${second}` : first;
}
