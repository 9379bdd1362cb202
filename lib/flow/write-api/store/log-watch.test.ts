import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { openDatabase, openDatabaseReadOnly } from '../../../base/sqlite.ts';
import type { FlowEvent } from '../../flow-event.ts';
import { createLogWatch } from './log-watch.ts';

const MIB = 1_048_576;
const OURS = { applicationId: 1, migrations: ['CREATE TABLE notes (text TEXT) STRICT'] };

/** A database that writes its log back at 1 MiB, and somebody who reads from it. */
function watched() {
  const file = join(tempDir(), 'notes.db');
  const database = openDatabase({ file, walMiB: 1, ...OURS });
  const reader = openDatabaseReadOnly({ file, ...OURS });
  onTestFinished(() => {
    reader.close();
    database.close();
  });
  const events: FlowEvent[] = [];
  const watch = createLogWatch({ database, walBytes: MIB, observe: (event) => events.push(event) });
  const insert = database.prepare<[string]>('INSERT INTO notes VALUES (?)');
  const note = database.transaction(() => {
    for (let i = 0; i < 64; i += 1) insert.run('x'.repeat(16_384));
  });
  return {
    database,
    reader,
    events,
    look: watch.look,
    write(mib: number) {
      for (let i = 0; i < mib; i += 1) note.immediate();
    },
    logBytes: () => statSync(`${file}-wal`).size,
  };
}

describe('the watch over the log', () => {
  it('says that a reader keeps it from being emptied, again when it has doubled, and when that is over', () => {
    const { database, reader, events, look, write, logBytes } = watched();
    const reading = reader.prepare('SELECT text FROM notes');
    write(1);
    reader.exec('BEGIN');
    reading.get();

    for (let turn = 0; turn < 8; turn += 1) {
      write(1);
      look();
    }
    const grown = logBytes();
    reader.exec('COMMIT');
    look();
    write(1);
    look();

    expect(grown).toBeGreaterThan(8 * MIB);
    expect(logBytes()).toBeLessThan(3 * MIB);
    expect(events.map(({ type }) => type)).toEqual(['store.log_held', 'store.log_held', 'store.log_emptied']);
    expect(database.pragma('busy_timeout', { simple: true })).toBe(250);
  });

  it('says nothing of a log that has its usual size', () => {
    const { events, look, write } = watched();

    for (let turn = 0; turn < 6; turn += 1) {
      write(1);
      look();
    }

    expect(events).toEqual([]);
  });

  it('would not be needed if readers ended soon: then the log begins anew by itself', () => {
    const { reader, write, logBytes } = watched();
    const reading = reader.prepare('SELECT count(*) FROM notes');

    for (let turn = 0; turn < 8; turn += 1) {
      write(1);
      reading.get();
    }

    expect(logBytes()).toBeLessThan(4 * MIB);
  });
});
