#!/usr/bin/env node
/** The operator's command line: arguments in, an exit code out. The commands are in `commands/`. */

import { hostname } from 'node:os';
import { styleText } from 'node:util';
import { systemClock } from '../lib/base/clock.ts';
import { wantsColour } from '../lib/base/colour.ts';
import { EXIT, GatewayError, messageOf } from '../lib/base/errors.ts';
import { printable } from '../lib/base/printable.ts';
import { parseInvocation } from './commands/arguments.ts';
import { commandHelp, generalHelp } from './commands/help.ts';
import { COMMANDS } from './commands/index.ts';
import { createInterrupts } from './commands/interrupts.ts';
import { withFormat } from './commands/json-format.ts';
import { openScreen } from './commands/screen.ts';
import { createTerminal, OutputClosed, showsUnicode } from './commands/terminal.ts';
import { PACKAGE_DIR, VERSION } from './wiring/version.ts';

const args = process.argv.slice(2);
const colourful = !args.includes('--no-color');
const terminal = createTerminal({
  stdout: process.stdout,
  stderr: process.stderr,
  colours: colourful && wantsColour(1, process.env),
  columns: process.stdout.columns,
  unicode: showsUnicode(process.env),
  onFailure(error) {
    terminal.note(`sensorctl: what there is to say cannot be written: ${messageOf(error)}`);
    process.exit(EXIT.failed);
  },
});

/**
 * An exit would wait for a thread that hangs in a driver, for ever; to die of a signal asks no thread. What was said is
 * out by then: Node writes to terminals, files and pipes at once.
 */
function dieOf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

// A shell reports Ctrl-C as 130. What somebody has begun is cleared up first.
const interrupts = createInterrupts();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupts.clearUp();
    dieOf(signal);
  });
}

async function main(): Promise<number> {
  const { command, among, options } = parseInvocation(args, COMMANDS);
  if (options.version === true) return answer(`sensorctl ${VERSION}`);
  if (command === undefined) return answer(generalHelp(among, process.stdout.columns));
  if (options.help === true) return answer(commandHelp(command, process.stdout.columns));
  return command.run({
    options,
    json: options.json === true,
    terminal: options.json === true ? withFormat(terminal, command) : terminal,
    environment: process.env,
    wallMs: systemClock.wallMs,
    hostName: hostname(),
    packageDir: PACKAGE_DIR,
    onInterrupt: interrupts.on,
    openScreen: liveScreen,
    leave() {
      terminal.note('A call hangs in a driver, and cannot be called back: ending without it.');
      dieOf('SIGTERM');
    },
  });
}

/** Only where somebody sees it and can press a key. */
function liveScreen() {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY || process.env.TERM === 'dumb') return undefined;
  // SIGSTOP and not SIGTSTP, which Node would only tell itself.
  const suspend = () => process.kill(process.pid, 'SIGSTOP');
  let forget = () => {};
  const screen = openScreen({
    input: stdin,
    output: stdout,
    clock: systemClock,
    suspend,
    onClose: () => forget(),
  });
  forget = interrupts.on(screen.close);
  return screen;
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
