#!/usr/bin/env node
/** The operator's command line: arguments in, an exit code out. The commands are in `commands/`. */

import { hostname } from 'node:os';
import { styleText } from 'node:util';
import { systemClock } from '../lib/base/clock.ts';
import { wantsColour } from '../lib/base/colour.ts';
import { EXIT, GatewayError } from '../lib/base/errors.ts';
import { printable } from '../lib/base/printable.ts';
import { parseInvocation } from './commands/arguments.ts';
import { commandHelp, generalHelp } from './commands/help.ts';
import { COMMANDS } from './commands/index.ts';
import { createTerminal, OutputClosed } from './commands/terminal.ts';
import { PACKAGE_DIR, VERSION } from './wiring/version.ts';

const args = process.argv.slice(2);
const colourful = !args.includes('--no-color');
const terminal = createTerminal({
  stdout: process.stdout,
  stderr: process.stderr,
  colours: colourful && wantsColour(1, process.env),
  onFailure: () => process.exit(EXIT.failed),
});

/**
 * An exit would wait for a thread that hangs in a driver, for ever; to die of a signal asks no thread. What was said is
 * out by then: Node writes to terminals, files and pipes at once.
 */
function dieOf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

// A shell reports it as 130.
process.on('SIGINT', () => dieOf('SIGINT'));

async function main(): Promise<number> {
  const { command, among, options } = parseInvocation(args, COMMANDS);
  if (options.version === true) return answer(`sensorctl ${VERSION}`);
  if (command === undefined) return answer(generalHelp(among));
  if (options.help === true) return answer(commandHelp(command));
  return command.run({
    options,
    json: options.json === true,
    terminal,
    environment: process.env,
    wallMs: systemClock.wallMs,
    hostName: hostname(),
    packageDir: PACKAGE_DIR,
    leave() {
      terminal.note('A call hangs in a driver, and cannot be called back: ending without it.');
      dieOf('SIGTERM');
    },
  });
}

async function answer(text: string): Promise<number> {
  await terminal.out(text);
  return EXIT.ok;
}

/** What was expected is one or two lines; what was not is a bug, and its stack is worth more than manners. */
function explain(error: unknown): number {
  if (error instanceof OutputClosed) return EXIT.ok;
  const known = error instanceof GatewayError;
  const text = known
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  const lines = text.split('\n').map((line) => printable(line));
  const name = colourful && wantsColour(2, process.env) ? styleText('red', 'sensorctl:') : 'sensorctl:';
  terminal.note(`${name} ${lines.join('\n')}`);
  if (known) terminal.note(`${error.hint === undefined ? '' : `${error.hint} `}(${error.code})`);
  return known ? error.exitCode : EXIT.internal;
}

process.exitCode = await main().catch(explain);
