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
    ['config', '"config" what? config check, config show, config sample'],
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

describe('the help', () => {
  it('has its examples first, and every example is a command that exists', () => {
    const help = generalHelp(COMMANDS);

    expect(help.indexOf('Examples:')).toBeLessThan(help.indexOf('Commands:'));
    for (const command of COMMANDS) {
      for (const [line] of command.examples) {
        const words = line.replace(/ > .*$/, '').replace(/^sensorctl /, '');
        expect(parse(words).command).toBe(command);
      }
    }
  });

  it('names every option of a command', () => {
    for (const command of COMMANDS) {
      const help = commandHelp(command);
      for (const name of Object.keys(command.options)) expect(help).toContain(`--${name}`);
    }
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

  it('is one word and not two', () => {
    expect(() => parseInvocation(['backup', 'verify', 'a.db', 'b.db'], [withFile])).toThrow(
      '"backup verify" takes no "b.db"',
    );
  });
});
