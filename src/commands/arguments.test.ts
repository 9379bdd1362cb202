import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../lib/base/errors.ts';
import { parseInvocation } from './arguments.ts';
import type { Command } from './command.ts';
import { commandHelp, generalHelp } from './help.ts';
import { COMMANDS } from './index.ts';

function parse(line: string) {
  return parseInvocation(line.split(' ').filter(Boolean), COMMANDS);
}

function complaint(line: string): string {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof GatewayError && error.exitCode === 64) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the arguments of sensorctl', () => {
  it('are a command and its options, in any order', () => {
    const { command, options } = parse('--json readings --since 5m --metric=load1');

    expect(command?.name).toBe('readings');
    expect(options).toEqual({ json: true, since: '5m', metric: 'load1' });
  });

  it('name a command of two words', () => {
    expect(parse('config check --file x').command?.name).toBe('config check');
  });

  it.each(['', '--help', '-h', '--version'])('%j is no command and no mistake', (line) => {
    expect(parse(line).command).toBeUndefined();
  });

  it.each([
    ['statsu', 'unknown command "statsu". Did you mean "status"?'],
    ['config chek', 'unknown command "config chek". Did you mean "config check"?'],
    ['config', '"config" what? config check, config show, config set, config sample'],
    ['completion bsh', 'SHELL: there is no "bsh". Did you mean "bash"?'],
    ['completion powershell', 'SHELL: there is no "powershell". There is bash, zsh, fish.'],
    ['frobnicate', 'unknown command "frobnicate".'],
    ['readings extra', '"readings" takes no "extra"'],
    ['readings --sinse 5m', 'unknown option --sinse for "readings". Did you mean "--since"?'],
    ['status --since 5m', 'unknown option --since for "status".'],
    ['status --josn', 'unknown option --josn for "status". Did you mean "--json"?'],
    ['status --constructor', 'unknown option --constructor for "status".'],
    ['readings --since', '--since needs a value: --since TIME'],
    ['readings --since=', '--since needs a value: --since TIME'],
    ['status --json=yes', '--json takes no value'],
    ['--config', '--config needs a value: --config FILE'],
    ['stat\u001b[2Jus', 'unknown command "stat\\u001b[2Jus".'],
  ])('%j is answered with what would be right', (line, told) => {
    expect(complaint(line)).toBe(told);
  });
});

it('a word that no command of a group begins with is answered with those that there are', () => {
  expect(complaint('breaker shwo')).toBe('unknown command "breaker shwo". Did you mean "breaker show"?');
  expect(complaint('breaker nonsense')).toBe(
    'unknown command "breaker nonsense". There is breaker show, breaker hold, breaker release.',
  );
});

describe('the help', () => {
  it('has its examples first, and every example is a command that exists', () => {
    const help = generalHelp(COMMANDS);

    expect(help.indexOf('Examples:')).toBeLessThan(help.indexOf('Commands:'));
    for (const command of COMMANDS) {
      for (const [line] of command.examples) {
        const words = line.replace(/ [>|] .*$/, '').replace(/^(sudo )?sensorctl /, '');
        const args = words.match(/"[^"]*"|\S+/g) ?? [];
        expect(parseInvocation(args, COMMANDS).command).toBe(command);
      }
    }
  });

  it('names every option of a command', () => {
    for (const command of COMMANDS) {
      const help = commandHelp(command);
      for (const name of Object.keys(command.options)) expect(help).toContain(`--${name}`);
    }
  });

  it('begins with examples that fit into a screen, and is folded to the width of the terminal', () => {
    for (const columns of [40, 80, 120]) {
      const lines = generalHelp(COMMANDS, columns).split('\n');

      expect(lines.indexOf('Examples:')).toBeLessThan(4);
      // A word is never broken, so that it can be copied.
      const tooLong = lines.filter((line) => line.length > columns && line.trim().split(' ').length > 1);
      expect(tooLong.filter((line) => !line.startsWith('  sensorctl '))).toEqual([]);
    }
  });

  it('is also what "help COMMAND" means', () => {
    expect(parse('help status')).toMatchObject({ command: { name: 'status' }, options: { help: true } });
    expect(parse('help')).toMatchObject({ command: undefined, options: { help: true } });
    expect(complaint('help statsu')).toBe('unknown command "statsu". Did you mean "status"?');
  });

  it('of a group is that of its commands', () => {
    const { command, among } = parse('breaker --help');

    expect(command).toBeUndefined();
    expect(among.map(({ name }) => name)).toEqual(['breaker show', 'breaker hold', 'breaker release']);
    expect(() => parse('breaker')).toThrow('"breaker" what? breaker show, breaker hold, breaker release');
  });

  it('leaves out what is only for those who work on the product', () => {
    expect(generalHelp(COMMANDS)).not.toContain('config docs');
  });
});

describe('the operand of a command', () => {
  const withFile: Command = { ...COMMANDS[0], name: 'backup verify', operand: 'FILE' } as Command;

  it('is the one word behind its name, wherever the options stand', () => {
    expect(parseInvocation(['backup', 'verify', '--json', 'a.db'], [withFile]).options).toEqual({
      json: true,
      FILE: 'a.db',
    });
  });

  it('may be several words, each with a name of its own', () => {
    const withTwo: Command = { ...withFile, name: 'chart', operand: 'SENSOR METRIC' };

    expect(parseInvocation(['chart', 'attic', '--json', 'temperature'], [withTwo]).options).toEqual({
      json: true,
      SENSOR: 'attic',
      METRIC: 'temperature',
    });
    expect(() => parseInvocation(['chart', 'a', 'b', 'c'], [withTwo])).toThrow('"chart" takes no "c"');
  });

  it('is one word and not two', () => {
    expect(() => parseInvocation(['backup', 'verify', 'a.db', 'b.db'], [withFile])).toThrow(
      '"backup verify" takes no "b.db"',
    );
  });
});
