import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { endsFile, endsIn } from './unit-ends.ts';

const SCRIPT = join(import.meta.dirname, '../../../deploy/note-end.sh');

/** As systemd runs it after a unit has stopped. */
function stopped(runDir: string, result: string, code = 'killed', status = 'ABRT') {
  return spawnSync('/bin/sh', [SCRIPT, 'sensor-main'], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      RUNTIME_DIRECTORY: runDir,
      SERVICE_RESULT: result,
      EXIT_CODE: code,
      EXIT_STATUS: status,
    },
  });
}

const uptimeMs = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000;
const endsOf = (runDir: string) => endsIn(readFileSync(endsFile(runDir, 'sensor-main'), 'utf8'), uptimeMs());

describe('the notes of how a unit has ended', () => {
  it('say what systemd says of it, and when that was', () => {
    const runDir = tempDir();

    const ran = [
      stopped(runDir, 'watchdog'),
      stopped(runDir, 'oom-kill', 'killed', 'KILL'),
      stopped(runDir, 'exit-code', 'exited', '78'),
    ];

    expect(ran.map(({ status, stderr }) => ({ status, stderr }))).toEqual(
      ran.map(() => ({ status: 0, stderr: '' })),
    );
    const ends = endsOf(runDir);
    expect(ends).toMatchObject([
      { result: 'watchdog', how: 'killed ABRT' },
      { result: 'oom-kill', how: 'killed KILL' },
      { result: 'exit-code', how: 'exited 78' },
    ]);
    for (const { agoMs } of ends) expect(agoMs).toBeLessThan(60_000);
  });

  it('say nothing of one that was stopped in order', () => {
    const runDir = tempDir();

    expect(stopped(runDir, 'success', 'exited', '0').status).toBe(0);

    expect(readdirSync(runDir)).toEqual([]);
  });

  it('are the latest twenty, however often it ends', () => {
    const runDir = tempDir();

    for (let i = 0; i < 25; i += 1) stopped(runDir, 'exit-code', 'exited', String(i));

    const ends = endsOf(runDir);
    expect([ends.length, ends[0]?.how, ends.at(-1)?.how]).toEqual([20, 'exited 5', 'exited 24']);
    expect(readdirSync(runDir)).toEqual(['sensor-main.ends']);
  });

  it('stay as they were where another cannot be written', () => {
    const runDir = tempDir();
    stopped(runDir, 'watchdog');
    mkdirSync(`${endsFile(runDir, 'sensor-main')}.new`);

    const { status } = stopped(runDir, 'oom-kill');

    expect(status).not.toBe(0);
    expect(endsOf(runDir)).toMatchObject([{ result: 'watchdog' }]);
  });

  it('are believed only as far as they are notes, of this boot', () => {
    const text = [
      '10.5 watchdog killed ABRT',
      '',
      'no note at all',
      '20 oom-kill killed KILL; rm -rf /',
      '99999.00 watchdog killed ABRT',
      '30.25 signal killed SEGV',
    ].join('\n');

    expect(endsIn(text, 60_000)).toEqual([
      { result: 'watchdog', how: 'killed ABRT', agoMs: 49_500 },
      { result: 'signal', how: 'killed SEGV', agoMs: 29_750 },
    ]);
  });
});
