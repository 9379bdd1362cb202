import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { compileForChild } from '../../../test/support/compiled.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { crashed, someReadings, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { openDatabase } from '../../base/sqlite.ts';
import { type OutboxView, openOutboxReadOnly } from './outbox-view.ts';
import { OUTBOX_APPLICATION_ID, OUTBOX_MIGRATIONS } from './schema.ts';

function view(file: string): OutboxView {
  const opened = openOutboxReadOnly(file);
  onTestFinished(() => opened.close());
  return opened;
}

const outcome = { kind: 'unavailable', reason: 'no answer within 10000 ms', sinceAt: 4 } as const;
const breaker = {
  state: 'open',
  streak: 3,
  step: 1,
  reason: 'timeout',
  sinceAt: 5,
  held: false,
  nextTryAt: 9,
} as const;

describe('the view from outside', () => {
  it('shows a running outbox, call by call, without being in its way', () => {
    const { outbox, file } = tempOutbox({ destinations: ['remote', 'local'] });
    const { stream } = outbox.append(someReadings(5));
    const shown = view(file);
    const empty = { rows: 5, oldestAt: someReadings(1)[0]?.at, breaker: undefined, outcome: undefined };
    expect(shown.stats()).toEqual({
      stream,
      rows: 5,
      thinnedRows: 0,
      nextSeq: 6,
      destinations: [
        { destination: 'local', ...empty },
        { destination: 'remote', ...empty },
      ],
      deadLetters: 0,
    });

    outbox.acknowledge('local', stream, [[1, 3]]);
    outbox.acknowledge('remote', stream, [
      [1, 2],
      [4, 5],
    ]);
    outbox.bury('local', stream, [{ seq: 5, code: 'no', message: 'never' }]);
    outbox.saveBreaker('remote', breaker);
    outbox.noteOutcome('remote', outcome);
    outbox.noteOutcome('remote', { ...outcome, sinceAt: 99 });

    const at = (seq: number) => someReadings(5)[seq - 1]?.at;
    expect(shown.stats()).toEqual({
      stream,
      rows: 3,
      thinnedRows: 0,
      nextSeq: 6,
      destinations: [
        { destination: 'local', rows: 1, oldestAt: at(4), breaker: undefined, outcome: undefined },
        { destination: 'remote', rows: 1, oldestAt: at(3), breaker, outcome },
      ],
      deadLetters: 1,
    });
    expect(shown.deadLetters(5)).toEqual(outbox.deadLetters(5));
    expect(shown.breakerTransitions(5)).toEqual(outbox.breakerTransitions(5));
    for (const { destination, rows, oldestAt } of shown.stats().destinations) {
      expect(outbox.backlog(destination)).toEqual({ rows, oldestAt });
    }
  });

  it('does not keep the WAL of a running outbox from being reset', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(5));
    const shown = view(file);
    shown.stats();
    const owner = openDatabase({ file, applicationId: OUTBOX_APPLICATION_ID, migrations: OUTBOX_MIGRATIONS });

    const [checkpoint] = owner.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];

    expect(checkpoint?.busy).toBe(0);
    owner.close();
  });

  it('shows a stopped outbox, whose -wal and -shm are gone', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(4));
    outbox.close();
    expect(existsSync(`${file}-wal`)).toBe(false);

    expect(view(file).stats()).toMatchObject({ rows: 4, nextSeq: 5 });
  });

  it('shows what a crashed outbox had committed to its WAL', () => {
    const { outbox, file } = tempOutbox();
    outbox.append(someReadings(4));

    expect(view(crashed(file)).stats()).toMatchObject({ rows: 4, nextSeq: 5 });
  });

  it('says what is missing: the file, or the schema', () => {
    const file = join(tempDir(), 'none.db');
    expect(() => openOutboxReadOnly(file)).toThrow(expect.objectContaining({ code: 'SGW_DATABASE_MISSING' }));
    expect(existsSync(file)).toBe(false);

    openDatabase({ file, applicationId: OUTBOX_APPLICATION_ID, migrations: [] }).close();

    expect(() => openOutboxReadOnly(file)).toThrow(
      `has schema 0, and reading it needs ${OUTBOX_MIGRATIONS.length}`,
    );
  });
});

const NOBODY = { uid: 65_534, gid: 65_534, encoding: 'utf8' } as const;

function canBecomeNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  const read = `fs.readFileSync(${JSON.stringify(import.meta.filename)})`;
  return spawnSync(process.execPath, ['-e', read], NOBODY).status === 0;
}

/** Looks at an outbox as `nobody`, in a process of its own, and returns what that printed. */
function lookAsNobody(file: string): { stdout: string; stderr: string } {
  const dir = compileForChild('lib/flow/outbox/outbox-view.ts');
  const script = join(dir, 'look.mjs');
  writeFileSync(
    script,
    `import { openOutboxReadOnly } from './lib/flow/outbox/outbox-view.js';
     try { console.log(JSON.stringify(openOutboxReadOnly(process.argv[2]).stats())); }
     catch (error) { console.log(error.code + ' ' + error.message + ' ' + error.hint); }`,
  );
  return spawnSync(process.execPath, [script, file], NOBODY);
}

describe('another user', () => {
  beforeEach((context) => {
    context.skip(!canBecomeNobody(), 'needs root, and a checkout that other users may read');
  });

  it('sees a running outbox that it may only read', () => {
    const { outbox, file } = tempOutbox();
    chmodSync(dirname(file), 0o755);
    outbox.append(someReadings(4));

    const { stdout, stderr } = lookAsNobody(file);

    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ rows: 4 });
  });

  it('is told what to do about a stopped outbox in a directory where it may not write', () => {
    const { outbox, file } = tempOutbox();
    chmodSync(dirname(file), 0o755);
    outbox.append(someReadings(4));
    outbox.close();

    const { stdout } = lookAsNobody(file);

    expect(stdout).toMatch(/^SGW_DATA_DIR_UNUSABLE cannot use .*outbox.db.*sudo -u/);
    expect(readdirSync(dirname(file))).toEqual(['outbox.db']);
  });

  it('is told the same about a file that it may not read', () => {
    const { outbox, file } = tempOutbox();
    chmodSync(dirname(file), 0o755);
    outbox.append(someReadings(4));
    chmodSync(file, 0o600);

    expect(lookAsNobody(file).stdout).toMatch(/^SGW_DATA_DIR_UNUSABLE/);
    rmSync(file);
  });
});
