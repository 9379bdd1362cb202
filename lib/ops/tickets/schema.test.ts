import { join } from 'node:path';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { itIsTheSameToDrizzle } from '../../../test/support/schema-check.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { openDatabase, type SqliteDatabase } from '../../base/sqlite.ts';
import { changes, numbers, TICKET_MIGRATIONS, TICKETS_APPLICATION_ID, tickets } from './schema.ts';

const TABLES: readonly SQLiteTable[] = [tickets, changes, numbers];

function migrated(): SqliteDatabase {
  return openDatabase({
    file: join(tempDir(), 'tickets.db'),
    applicationId: TICKETS_APPLICATION_ID,
    migrations: TICKET_MIGRATIONS,
  });
}

itIsTheSameToDrizzle(TABLES, migrated);
