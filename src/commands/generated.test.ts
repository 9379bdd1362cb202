/** What follows from the table of commands: the documents are what it says, and shells complete by it for real. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { GLOBAL_OPTIONS } from './arguments.ts';
import { commandsMarkdown } from './commands-docs.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { completionModel } from './completion-model.ts';
import { zshCompletion } from './completion-zsh.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { FORMATS, jsonFormats } from './formats/index.ts';
import { commandHelp } from './help.ts';
import { COMMANDS } from './index.ts';
import { formatOf } from './json-format.ts';
import { manPage } from './man-page.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const VISIBLE = COMMANDS.filter(({ hidden }) => !hidden);
const MODEL = completionModel(COMMANDS);

const has = (program: string) => spawnSync(program, ['--version']).status === 0;

describe('the documents of the commands', () => {
  it.each([
    ['docs/commands.md', () => commandsMarkdown(COMMANDS)],
    ['docs/json-formats.json', () => `${JSON.stringify(jsonFormats(COMMANDS), undefined, 2)}\n`],
    ['deploy/man/sensorctl.1', () => manPage(COMMANDS)],
    ['deploy/completions/sensorctl.bash', () => bashCompletion(MODEL)],
    ['deploy/completions/_sensorctl', () => zshCompletion(MODEL)],
    ['deploy/completions/sensorctl.fish', () => fishCompletion(MODEL)],
  ])('%s is what the table says now (else: npm run docs)', (file, made) => {
    expect(textOf(file)).toBe(made());
  });

  it('the man page has every command and every option of the help', () => {
    const plain = manPage(COMMANDS).replaceAll('\\-', '-').replaceAll('\\(dq', '"');

    for (const command of VISIBLE) {
      expect(plain).toContain(`.SS ${command.name}`);
      const offered = commandHelp(command, 1_000).matchAll(/^ {2}((?:-[a-z], )?--[a-z-]+(?: [A-Z]+)?) /gm);
      for (const [, option] of offered) expect(plain).toContain(`.B ${option}`);
    }
  });

  it.skipIf(!has('man'))('man shows it without a warning', () => {
    const file = join(ROOT, 'deploy/man/sensorctl.1');
    const shown = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', file], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', MANWIDTH: '80' },
    });

    expect(shown).toMatchObject({ status: 0, stderr: '' });
  });

  it('docs/errors.md says the same of the exit codes', () => {
    const rows = [...textOf('docs/errors.md').matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));

    expect(EXIT_CODES.map(([code]) => code)).toEqual(rows);
  });

  it('every command that prints JSON has a format, and every format a command', () => {
    const named = VISIBLE.filter((command) => formatOf(command) !== undefined).map(({ name }) => name);

    expect(Object.keys(FORMATS).sort()).toEqual(named.sort());
  });
});

/** What a shell offers at the end of this line. */
type Complete = (line: string) => string[];

const INNER_WORDS = (line: string) => line.split(' ');

const inBash: Complete = (line) => {
  const words = INNER_WORDS(line);
  const script = `source deploy/completions/sensorctl.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sensorctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return answered('bash', ['--norc', '-c', script, 'bash', ...words]);
};

const inFish: Complete = (line) =>
  answered('fish', [
    '--no-config',
    '-c',
    'source deploy/completions/sensorctl.fish; complete -C $argv[1]',
    line,
  ]).map((offered) => offered.split('\t')[0] ?? '');

/** zsh completes at a prompt only: what it would offer is caught on the way there. */
const inZsh: Complete = (line) => {
  const script = `compdef() { :; }
_describe() { while [[ $1 == -* ]]; do shift; done; shift; local one; for one in "\${(@P)1}"; do print -r -- "\${one%%:*}"; done }
compadd() { shift; print -rl -- "$@"; }
_files() { print -r -- FILES; }
_message() { :; }
source deploy/completions/_sensorctl
words=("$@"); CURRENT=$#; current=$words[CURRENT]
_sensorctl | while read -r one; do [[ $one == "$current"* || $one == FILES ]] && print -r -- "$one"; done; true`;
  return answered('zsh', ['-f', '-c', script, 'zsh', ...INNER_WORDS(line)]);
};

function answered(shell: string, args: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(shell, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: tempDir(), LC_ALL: 'C.UTF-8' },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter(Boolean);
}

describe.each([
  ['bash', inBash],
  ['zsh', inZsh],
  ['fish', inFish],
] as const)('completion in %s', (shell, complete) => {
  it.skipIf(!has(shell))('offers commands, their second words, and what an operand may be', () => {
    expect(complete('sensorctl st')).toEqual(['status']);
    expect(complete('sensorctl bre')).toEqual(['breaker']);
    expect(complete('sensorctl breaker ').sort()).toEqual(['hold', 'release', 'show']);
    expect(complete('sensorctl --json breaker re')).toEqual(['release']);
    expect(complete('sensorctl --config /etc/x breaker re')).toEqual(['release']);
    expect(complete('sensorctl completion ').sort()).toEqual(['bash', 'fish', 'zsh']);
  });

  it.skipIf(!has(shell))('offers exactly the options of a command, and none of another', () => {
    for (const command of VISIBLE) {
      const wanted = Object.keys({ ...command.options, ...GLOBAL_OPTIONS }).map((name) => `--${name}`);

      expect(new Set(complete(`sensorctl ${command.name} --`))).toEqual(new Set(wanted));
    }
  });

  it.skipIf(!has(shell))('offers files where a file is meant, and nothing that is hidden', () => {
    expect(complete('sensorctl')).not.toContain('commands');
    expect(complete('sensorctl config do')).toEqual([]);
    const dir = tempDir();
    writeFileSync(join(dir, 'own.yaml'), '');
    const offered = complete(`sensorctl status --config ${dir}/`);
    expect(shell === 'zsh' ? offered.map(() => `${dir}/own.yaml`) : offered).toContain(`${dir}/own.yaml`);
  });
});
