import { join } from 'node:path';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { itIsTheSameToDrizzle } from '../../../test/support/schema-check.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { openDatabase, type SqliteDatabase } from '../../base/sqlite.ts';
import * as schema from './schema.ts';

const TABLES: readonly SQLiteTable[] = [
  schema.streams,
  schema.boots,
  schema.series,
  schema.readings,
  schema.destinations,
  schema.rollbacks,
  schema.bootClocks,
  schema.untrusted,
  schema.corrections,
  schema.acknowledged,
  schema.gone,
  schema.deadLetters,
  schema.breakers,
  schema.breakerTransitions,
  schema.outcomes,
  schema.silences,
  schema.sensors,
];

function migrated(): SqliteDatabase {
  return openDatabase({
    file: join(tempDir(), 'outbox.db'),
    applicationId: schema.OUTBOX_APPLICATION_ID,
    migrations: schema.OUTBOX_MIGRATIONS,
  });
}

itIsTheSameToDrizzle(TABLES, migrated);
