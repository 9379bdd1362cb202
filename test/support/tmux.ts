/**
 * A real terminal for a test: tmux, with a shell in it. What it shows is read back as characters, so a test sees what
 * a person would see, at any size. Each has a server of its own, which ends with the test.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { tempDir } from './temp-dir.ts';

/** On a busy machine a program may take long to start; what is waited for is an event, and mostly there at once. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;

export const PROMPT = 'ready>';

export interface TmuxTerminal {
  /** Types a line, and Enter. */
  enter(line: string): void;
  /** Presses keys by their tmux names: `q`, `C-c`. */
  press(...keys: string[]): void;
  /** What is on the screen, without trailing blanks; with its colours if asked for. */
  screen(colours?: boolean): string;
  /** The screen as soon as it is as wanted. */
  until(wanted: (screen: string) => boolean): Promise<string>;
  /** The screen when the prompt is back, and the exit code of what was run. */
  ended(): Promise<{ screen: string; exitCode: number }>;
  resize(columns: number, rows: number): void;
  /** Whether another page is shown, the cursor is seen, and long lines are folded. */
  flags(): { alternate: boolean; cursor: boolean; wraps: boolean };
  /** The settings of the terminal line: echo, line mode and the like. */
  stty(): string;
  /** Every byte that was written since it was opened. */
  written(): string;
}

/** Why there is none here; `undefined` if there is. */
export function noTmux(): string | undefined {
  return spawnSync('tmux', ['-V']).status === 0 ? undefined : 'tmux is not installed: apt-get install tmux';
}

export async function openTerminal(
  size: { columns: number; rows: number },
  env: Readonly<Record<string, string>> = {},
): Promise<TmuxTerminal> {
  const dir = tempDir();
  const log = join(dir, 'written');
  const base = ['-S', join(dir, 'tmux'), '-f', '/dev/null'];
  const tmux = (...args: string[]) =>
    execFileSync('tmux', [...base, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  const settings = { PATH: process.env.PATH ?? '', HOME: dir, LC_ALL: 'C.UTF-8', PS1: `${PROMPT} `, ...env };
  const shell = [
    'env',
    '-i',
    ...Object.entries({ TERM: 'screen-256color', ...settings }).map((pair) => pair.join('=')),
  ];
  const opened = ['new-session', '-d', '-x', String(size.columns), '-y', String(size.rows)];
  tmux('-u', ...opened, '--', ...shell, 'bash', '--norc', '--noprofile');
  onTestFinished(() => void spawnSync('tmux', [...base, 'kill-server']));
  const tty = tmux('display', '-p', '#{pane_tty}').trim();
  tmux('pipe-pane', `cat > '${log}'`);

  const screen = (colours = false) => tmux('capture-pane', '-p', ...(colours ? ['-e'] : [])).trimEnd();
  const until = async (wanted: (screen: string) => boolean) => {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const shown = screen();
      if (wanted(shown)) return shown;
      if (patience.aborted) throw new Error(`this is not what was waited for:\n${shown}`);
      await pause(LOOK_EVERY_MS);
    }
  };
  const terminal: TmuxTerminal = {
    enter(line) {
      tmux('send-keys', '-l', line);
      tmux('send-keys', 'Enter');
    },
    press: (...keys) => void tmux('send-keys', ...keys),
    screen,
    until,
    async ended() {
      // What is typed before the shell is back is read by a live view on its way out, and is gone.
      await until((text) => text.endsWith(PROMPT));
      terminal.enter('echo "exit code $?"');
      const shown = await until((text) => /^exit code \d+$/m.test(text) && text.endsWith(PROMPT));
      return { screen: shown, exitCode: Number(/^exit code (\d+)$/m.exec(shown)?.[1]) };
    },
    resize: (columns, rows) => void tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    flags() {
      const said = tmux('display', '-p', '#{alternate_on} #{cursor_flag} #{wrap_flag}').trim().split(' ');
      const [alternate, cursor, wraps] = said.map((flag) => flag === '1');
      return { alternate: alternate ?? false, cursor: cursor ?? false, wraps: wraps ?? false };
    },
    stty: () => execFileSync('stty', ['-a', '-F', tty], { encoding: 'utf8' }),
    written: () => readFileSync(log, 'utf8'),
  };
  await until((text) => text.endsWith(PROMPT));
  return terminal;
}
