/** Holds a schema as drizzle has it against the one that its migrations make, table by table. */

import { getTableConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core';
import { expect, it } from 'vitest';
import type { SqliteDatabase } from '../../lib/base/sqlite.ts';

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

/** Begins tests. `migrated` makes a fresh file each time. */
export function itIsTheSameToDrizzle(tables: readonly SQLiteTable[], migrated: () => SqliteDatabase): void {
  it.each(tables.map((table) => [getTableConfig(table).name, table] as const))(
    'the table %s is the same to drizzle as in a migrated file',
    (name, table) => {
      const database = migrated();

      expect(inDrizzle(table)).toEqual(inTheFile(database, name));
      database.close();
    },
  );

  it('drizzle knows every table of a migrated file, and all of them are STRICT', () => {
    const database = migrated();
    const inFile = database.pragma('table_list') as { name: string; schema: string; strict: number }[];
    const ours = inFile.filter((table) => table.schema === 'main' && !table.name.startsWith('sqlite_'));

    expect(ours.map(({ name }) => name).sort()).toEqual(
      tables.map((table) => getTableConfig(table).name).sort(),
    );
    expect(ours.filter(({ strict }) => strict === 0)).toEqual([]);
    database.close();
  });
}

/** A table in the words of `PRAGMA table_info`: column, type, whether it may be null, place in the key. */
function inTheFile(database: SqliteDatabase, table: string): string[] {
  const columns = database.pragma(`table_info(${table})`) as ColumnInfo[];
  return columns.map(({ name, type, notnull, pk }) =>
    describeColumn(name, type, notnull === 1 || pk > 0, pk),
  );
}

function inDrizzle(table: SQLiteTable): string[] {
  const { columns, primaryKeys } = getTableConfig(table);
  const composite = primaryKeys[0]?.columns.map(({ name }) => name) ?? [];
  return columns.map((column) => {
    const pk = column.primary ? 1 : composite.indexOf(column.name) + 1;
    return describeColumn(column.name, column.getSQLType().toUpperCase(), column.notNull || pk > 0, pk);
  });
}

function describeColumn(name: string, type: string, notNull: boolean, pk: number): string {
  return `${name} ${type}${notNull ? ' NOT NULL' : ''}${pk > 0 ? ` key ${pk}` : ''}`;
}
