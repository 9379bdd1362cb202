import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { someFinding } from '../../../test/support/ticket-rig.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { QUARANTINES_MAX, quarantined } from '../../base/quarantine-shelf.ts';
import { openDatabase } from '../../base/sqlite.ts';
import { fileDamaged } from '../invariants/file-damaged.ts';
import { openTicketBook } from './open-ticket-book.ts';
import { openTicketBookSafely } from './safe-ticket-book.ts';
import { TICKET_MIGRATIONS, TICKETS_APPLICATION_ID } from './schema.ts';

const PAGE = 4_096;

function place() {
  const clock = createVirtualClock();
  const file = join(tempDir(), 'tickets.db');
  const said: string[] = [];
  const options = { file, clock, bootId: () => 'boot-1' };
  const open = () => {
    const book = openTicketBookSafely({ ...options, onSetAside: (_dir, reason) => said.push(reason) });
    onTestFinished(() => book.close());
    return book;
  };
  /** A book with three tickets, as an earlier run has left it. */
  const fill = () => {
    const book = openTicketBook(options);
    book.report(
      ['one', 'two', 'three'].map((key) => someFinding({ key })),
      'look',
      clock.wallMs(),
    );
    book.close();
  };
  return { clock, file, said, open, fill };
}

const keysIn = (book: ReturnType<typeof openTicketBookSafely>) =>
  book.list({ limit: 100 }).map(({ key }) => key);

/** Writes nonsense over a page, from the second on. */
function spoil(file: string, page: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, page * PAGE, (page + 1) * PAGE);
  writeFileSync(file, bytes);
}

describe('a file of tickets that is damaged', () => {
  it.each([
    ['is nonsense from the first byte', (file: string) => writeFileSync(file, 'x'.repeat(20_000))],
    ['has been cut off', (file: string) => truncateSync(file, PAGE)],
    ['is the database of another program', anotherProgram],
    ['is a directory', replaceByDirectory],
  ])(
    'is set aside at the start when it %s; a fresh one begins with a ticket that says so',
    (_what, damage) => {
      const { file, said, open, fill } = place();
      fill();
      damage(file);

      const book = open();

      expect(said).toHaveLength(1);
      expect(book.list({ limit: 10 })).toMatchObject([
        {
          key: `${fileDamaged.name}:tickets.db`,
          invariant: fileDamaged.name,
          subject: 'tickets.db',
          state: 'open',
          title: expect.stringContaining(said[0] ?? ''),
          hint: expect.stringContaining('quarantine'),
        },
      ]);
      expect(quarantined(file)).toMatchObject([{ state: 'salvaged', reason: said[0] }]);
    },
  );

  it('is set aside in the middle of a call, which is then done in the fresh one', () => {
    const { file, said, open, fill } = place();
    fill();
    const book = open();
    expect(keysIn(book)).toHaveLength(3);
    for (let page = 1; page < statSync(file).size / PAGE; page += 1) spoil(file, page);
    // What is in memory already is not read again: another process has changed the file.
    const other = openDatabase({
      file,
      applicationId: TICKETS_APPLICATION_ID,
      migrations: TICKET_MIGRATIONS,
    });
    other.pragma('user_version = 1');
    other.close();

    book.report([someFinding({ key: 'found now' })], 'look', 1);

    expect(said).toHaveLength(1);
    expect(keysIn(book)).toEqual(['found now', 'file_damaged:tickets.db']);
    expect(() => book.report([someFinding({ key: 'found now' })], 'look', 2)).not.toThrow();
  });

  it('is set aside in the middle of a look that must not write what the card has made of a ticket', () => {
    const { file, said, open, fill } = place();
    fill();
    const card = new Database(file);
    card.exec('PRAGMA ignore_check_constraints = ON; UPDATE tickets SET occurrences = -9 WHERE id = 2');
    card.close();
    const book = open();

    for (const look of [1, 2]) book.report([someFinding({ key: 'two' })], 'look', look);

    expect(said).toEqual([expect.stringContaining('CHECK constraint failed')]);
    expect(keysIn(book)).toEqual(['two', 'file_damaged:tickets.db']);
  });

  it('leaves its numbers to nobody else, also when somebody has tidied the quarantine away', () => {
    const { file, open, fill } = place();
    fill();
    truncateSync(file, PAGE);
    const first = open();
    first.close();
    truncateSync(file, PAGE);

    const second = open();

    expect(first).not.toBe(second);
    expect(second.list({ limit: 10 }).map(({ id }) => id)).toEqual([2_000_001]);
    expect(second.changesAfter(0, 10).map(({ id }) => id)).toEqual([2_000_001]);
  });

  it('does not fill the card, however often that happens', () => {
    const { file, clock, open, fill } = place();
    fill();
    for (let time = 0; time < QUARANTINES_MAX + 4; time += 1) {
      clock.stepWall(1_000);
      truncateSync(file, PAGE);
      open().close();
    }

    expect(readdirSync(join(dirname(file), 'quarantine'))).toHaveLength(QUARANTINES_MAX);
  });
});

describe('a file of tickets that is not damaged', () => {
  it('is opened as it is, also when a start was broken off before it was born', () => {
    const { file, said, open, fill } = place();
    writeFileSync(file, '');
    open().close();
    expect(said).toEqual([]);

    fill();
    expect(keysIn(open())).toHaveLength(3);
    expect(said).toEqual([]);
    expect(existsSync(join(dirname(file), 'quarantine'))).toBe(false);
  });

  it('of a newer version is left untouched, and said to be so', () => {
    const { file, open, fill } = place();
    fill();
    const newer = openDatabase({
      file,
      applicationId: TICKETS_APPLICATION_ID,
      migrations: [...TICKET_MIGRATIONS, 'CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT'],
    });
    newer.close();

    expect(open).toThrow(expect.objectContaining({ code: 'SGW_SCHEMA_TOO_NEW' }));
    expect(quarantined(file)).toEqual([]);
  });
});

function anotherProgram(file: string): void {
  writeFileSync(file, '');
  openDatabase({
    file,
    applicationId: 0x1234_5678,
    migrations: ['CREATE TABLE theirs (id INTEGER)'],
  }).close();
}

function replaceByDirectory(file: string): void {
  rmSync(file);
  mkdirSync(file);
}
