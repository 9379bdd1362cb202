/**
 * `sensorctl` in a real terminal: the built command, a gateway with a backlog and a day of readings, and tmux in
 * between, which shows what a person would see. At 80 and at 40 columns, without colours, and into a pipe.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { compileInto } from '../support/compile.js';
import { prefillOutbox } from '../support/prefilled-outbox.ts';
import { createTestWorld } from '../support/test-world.ts';
import { noTmux, openTerminal, PROMPT, type TmuxTerminal } from '../support/tmux.ts';

const why = noTmux();
const MINUTE_MS = 60_000;

/** The program, compiled, a command of that name, and the data of a gateway. */
let dir = '';

beforeAll(async () => {
  if (why !== undefined) return;
  dir = mkdtempSync(join(tmpdir(), 'sensorgw-terminal-'));
  for (const name of ['program', 'bin', 'data']) mkdirSync(join(dir, name));
  compileInto(join(dir, 'program'), ['src/sensorctl.ts']);
  const script = `#!/bin/sh\nexec '${process.execPath}' '${join(dir, 'program/src/sensorctl.js')}' "$@"\n`;
  writeFileSync(join(dir, 'bin/sensorctl'), script, { mode: 0o755 });
  prefillOutbox(join(dir, 'data'), 50);
  await storeADay(join(dir, 'data/store.db'));
});

afterAll(() => {
  if (dir !== '') rmSync(dir, { recursive: true, force: true });
});

/** Two sensors, a reading a minute; one of them has a gap of hours. */
async function storeADay(file: string): Promise<void> {
  const store = createSqliteStore({ file, world: createTestWorld() });
  const nowMs = Date.now();
  const series = ['attic', 'cellar-below-the-old-kitchen'].map((sensor) => ({
    gateway: 'house',
    sensor,
    metric: 'temperature',
    unit: 'celsius',
  }));
  const rows = Array.from({ length: 2 * 1_440 }, (_, i): [number, number, number, number] => {
    const minutesAgo = 1_440 - Math.floor(i / 2);
    return [i + 1, i % 2, nowMs - minutesAgo * MINUTE_MS, 20 + 5 * Math.sin(minutesAgo / 200)];
  }).filter(([, which], i) => which === 0 || i < 1_000 || i > 2_000);
  for (let from = 0; from < rows.length; from += 500) {
    const nothing = { refused: [], gone: [], sources: [], corrections: [] };
    const part = rows.slice(from, from + 500);
    await store.ingest([{ stream: 'terminalstream', gateway: 'house', series, rows: part, ...nothing }]);
  }
  await store.close();
}

async function terminal(columns: number, rows = 24, env: Record<string, string> = {}): Promise<TmuxTerminal> {
  return openTerminal(
    { columns, rows },
    {
      PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
      SENSORGW_DATA_DIR: join(dir, 'data'),
      SENSORGW_RUN_DIR: join(dir, 'data'),
      ...env,
    },
  );
}

const isLive = (screen: string) => screen.includes('q leaves') && screen.includes('attic');
const longest = (screen: string) => Math.max(...screen.split('\n').map((line) => [...line].length));

type Ending = readonly [name: string, end: (shell: TmuxTerminal, pid: number) => void, exitCode: number];
const ENDINGS: readonly Ending[] = [
  ['Ctrl-C', (shell) => shell.press('C-c'), 1],
  ['a TERM signal', (_shell, pid) => process.kill(pid, 'SIGTERM'), 143],
  ['an INT signal from outside', (_shell, pid) => process.kill(pid, 'SIGINT'), 130],
];

describe.skipIf(why !== undefined)(`sensorctl in a terminal${why === undefined ? '' : ` (${why})`}`, () => {
  it.each([80, 40])(
    'shows a live status in %d columns, and q leaves the terminal as it was',
    async (columns) => {
      const shell = await terminal(columns);
      const before = { flags: shell.flags(), stty: shell.stty() };
      shell.enter('echo before; sensorctl status --watch');

      const live = await shell.until(isLive);
      const during = shell.flags();
      shell.press('q');
      const left = await shell.ended();

      expect(live).toContain('! the reader is not running');
      expect(live).toMatch(/to local +50 waiting/);
      expect(live).not.toContain('before');
      expect(longest(live)).toBeLessThanOrEqual(columns);
      expect(live.split('\n').at(-1)).toBe('q leaves');
      expect(during).toEqual({ alternate: true, cursor: false, wraps: false });
      expect(left.exitCode).toBe(1);
      expect(left.screen).toMatch(/^before$/m);
      expect(left.screen).not.toContain('q leaves');
      expect({ flags: shell.flags(), stty: shell.stty() }).toEqual(before);
    },
  );

  it('has trends where there is room for them, and none in 40 columns', async () => {
    const shell = await terminal(80);
    shell.enter('sensorctl status --watch');

    expect(await shell.until(isLive)).toMatch(/attic temperature.*[▁▂▃▄▅▆▇█]{5}/);
    shell.resize(40, 20);
    const narrow = await shell.until((text) => isLive(text) && longest(text) <= 40);
    expect(narrow).not.toMatch(/[▁▂▃▄▅▆▇█]/);
    shell.resize(100, 30);
    await shell.until((text) => /attic temperature.*[▁▂▃▄▅▆▇█]{5}/.test(text));
    shell.press('q');
    expect(await shell.ended()).toMatchObject({ exitCode: 1 });
  });

  it.each(ENDINGS)('%s leaves the terminal as it was, too', async (_name, end, exitCode) => {
    const shell = await terminal(80);
    const before = { flags: shell.flags(), stty: shell.stty() };
    const pidFile = join(dir, `pid-${exitCode}`);
    shell.enter(`bash -c 'echo $$ > ${pidFile}; exec sensorctl status --watch'`);
    await shell.until(isLive);

    end(shell, Number(readFileSync(pidFile, 'utf8')));

    expect(await shell.ended()).toMatchObject({ exitCode });
    expect({ flags: shell.flags(), stty: shell.stty() }).toEqual(before);
  });

  it.each([
    ['an arrow, and then q', ['Up', 'q']],
    ['a function key, and then Escape', ['F2', 'Escape']],
  ])('%s, all at once, leave it', async (_name, keys) => {
    const shell = await terminal(80);
    shell.enter('sensorctl status --watch');
    await shell.until(isLive);

    shell.press(...keys);

    expect(await shell.ended()).toMatchObject({ exitCode: 1 });
  });

  it('gives the terminal back for Ctrl-Z, and takes it again for fg', async () => {
    const shell = await terminal(80);
    const before = shell.flags();
    shell.enter('sensorctl status --watch');
    await shell.until(isLive);

    shell.press('C-z');
    await shell.until((text) => text.includes('Stopped') && text.endsWith(PROMPT));
    expect(shell.flags()).toEqual(before);
    shell.enter('fg');
    await shell.until(isLive);
    shell.press('q');

    expect(await shell.ended()).toMatchObject({ exitCode: 1 });
    expect(shell.flags()).toEqual(before);
  });

  it('draws only what has changed, so that nothing flickers', async () => {
    const shell = await terminal(80);
    shell.enter('sensorctl status --watch');
    await shell.until(isLive);
    const clock = (): string | undefined => /\d\d:\d\d:\d\d/.exec(shell.screen())?.[0];
    const [first, drawn] = [clock(), shell.written().length];

    // F2 ends with a Q, and Alt with a letter is no letter: nobody wants to leave, and its own clock goes on.
    shell.press('F2', 'Left', 'M-x');
    await shell.until(() => clock() !== first);
    await shell.until(() => shell.written().length > drawn);

    const since = shell.written().slice(drawn);
    expect(since).not.toContain('\u001b[2J');
    expect(since.length).toBeLessThan(2_000);
    shell.press('q');
    await shell.ended();
  });

  it('colours for a terminal, and not with NO_COLOR, --no-color, TERM=dumb or into a pipe', async () => {
    const COLOUR = '\u001b[3';
    const shown = async (line: string, env: Record<string, string> = {}) => {
      const shell = await terminal(80, 24, env);
      shell.enter(line);
      expect(await shell.ended()).toMatchObject({ exitCode: line.includes('|') ? 0 : 1 });
      expect(shell.screen()).toContain('reader      not running');
      return shell.screen(true);
    };

    expect(await shown('sensorctl status')).toContain(COLOUR);
    expect(await shown('sensorctl status', { NO_COLOR: '1' })).not.toContain(COLOUR);
    expect(await shown('sensorctl status --no-color')).not.toContain(COLOUR);
    expect(await shown('sensorctl status', { TERM: 'dumb' })).not.toContain(COLOUR);
    expect(await shown('sensorctl status | cat')).not.toContain(COLOUR);
  });

  it('shows no live view where nobody could leave it: into a pipe it is one report after the other', async () => {
    const shell = await terminal(80);
    shell.enter('sensorctl status --watch --interval 1s | grep --line-buffered -c reader -m 2');

    expect(await shell.ended()).toMatchObject({ screen: expect.stringMatching(/^2$/m), exitCode: 0 });
    expect(shell.written()).not.toContain('\u001b[?1049h');
  });

  it.each([80, 40])('plots a day in %d columns, with a gap where there was one', async (columns) => {
    const shell = await terminal(columns);
    shell.enter('clear; sensorctl chart cellar-below-the-old-kitchen temperature --height 8');

    const { screen, exitCode } = await shell.ended();

    expect(exitCode).toBe(0);
    expect(screen).toMatch(/[⠁-⣿]{3}/);
    expect(screen).toMatch(/[⠁-⣿] {6,}[⠁-⣿]/);
    expect(screen).toMatch(/\d\d:\d\d +\d\d:\d\d/);
    expect(longest(screen)).toBeLessThanOrEqual(columns);
  });

  it('plots in ASCII where the locale has nothing else', async () => {
    const shell = await terminal(80, 24, { LC_ALL: 'C' });
    shell.enter('clear; sensorctl chart attic temperature --height 8');

    const { screen } = await shell.ended();

    expect(screen).toMatch(/^[\n -~]*$/);
    expect(screen).toContain("'");
  });

  it('folds the help at words, in 40 columns as in 80', async () => {
    for (const columns of [40, 80]) {
      const shell = await terminal(columns, 60);
      shell.enter('clear; sensorctl status --help');

      const { screen } = await shell.ended();

      expect(screen).toMatch(/Examples:\n +sensorctl status/);
      expect(screen).toContain('--no-color');
      expect(longest(screen)).toBeLessThanOrEqual(columns);
    }
  });

  it('shows readings as they come, until Ctrl-C, which a shell reports as 130', async () => {
    const shell = await terminal(80);
    shell.enter('clear; sensorctl tail -n 2 --sensor attic');

    await shell.until((text) => (text.match(/attic +temperature/g) ?? []).length === 2);
    shell.press('C-c');

    expect(await shell.ended()).toMatchObject({ exitCode: 130 });
  });
});
