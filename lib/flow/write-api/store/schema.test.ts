import { join } from 'node:path';
import { getTableConfig } from 'drizzle-orm/sqlite-core';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { openDatabase } from '../../../base/sqlite.ts';
import { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './schema.ts';
import { STORE_TABLES } from './tables.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

describe('the schema of the store', () => {
  it('is the same for drizzle as in a migrated file', () => {
    const database = openDatabase({
      file: join(tempDir(), 'store.db'),
      applicationId: STORE_APPLICATION_ID,
      migrations: STORE_MIGRATIONS,
    });

    const inFile = Object.fromEntries(
      database
        .prepare<[], string>(
          "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )
        .pluck()
        .all()
        .map((table) => [
          table,
          database
            .prepare<[], Column>(`PRAGMA table_info(${table})`)
            .all()
            .map(({ name, type, notnull, pk }) => ({ name, type, required: notnull === 1 || pk > 0, pk })),
        ]),
    );
    const inDrizzle = Object.fromEntries(
      Object.values(STORE_TABLES).map((table) => {
        const { name, columns, primaryKeys } = getTableConfig(table);
        const key = primaryKeys[0]?.columns.map((column) => column.name) ?? [];
        return [
          name,
          columns.map((column) => ({
            name: column.name,
            type: column.getSQLType().toUpperCase(),
            required: column.notNull,
            pk: column.primary ? 1 : key.indexOf(column.name) + 1,
          })),
        ];
      }),
    );

    expect(inDrizzle).toEqual(inFile);
    database.close();
  });
});
