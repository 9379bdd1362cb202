/** What a database is made of: the same in SQL and in drizzle, made once however many begin at the same moment. */

import { getTableConfig } from 'drizzle-orm/pg-core';
import { expect, it } from 'vitest';
import { POSTGRES_MIGRATIONS } from '../../lib/flow/write-api/postgres/schema.ts';
import { POSTGRES_TABLES } from '../../lib/flow/write-api/postgres/tables.ts';
import { createPostgresRig, describeOverPostgres } from '../support/postgres-rig.ts';

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly required: boolean;
  readonly pk: number;
}

/** As PostgreSQL says it of itself. */
const TYPES: Readonly<Record<string, string>> = { serial: 'integer', bigserial: 'bigint' };

describeOverPostgres('the schema of a store in PostgreSQL', (server) => {
  it('is the same for drizzle as in a database', async () => {
    const rig = await createPostgresRig(server());

    const inDatabase = await rig.rows<Column>(
      `SELECT class.relname AS table, attname AS column, format_type(atttypid, atttypmod) AS type,
         attnotnull AS required, coalesce(array_position(indkey, attnum), -1)::int + 1 AS pk
       FROM pg_class AS class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         JOIN pg_attribute ON attrelid = class.oid AND attnum > 0
         LEFT JOIN pg_index ON indrelid = class.oid AND indisprimary
       WHERE nspname = 'sensorgw' AND relkind IN ('r', 'p') AND NOT relispartition AND class.relname <> 'schema_version'`,
    );
    const inDrizzle = Object.values(POSTGRES_TABLES).flatMap((table) => {
      const { name, columns, primaryKeys } = getTableConfig(table);
      const key = primaryKeys[0]?.columns.map((column) => column.name) ?? [];
      return columns.map((column): Column => {
        const type = column.getSQLType();
        const pk = column.primary ? 1 : key.indexOf(column.name) + 1;
        return {
          table: name,
          column: column.name,
          type: TYPES[type] ?? type,
          required: column.notNull,
          pk,
        };
      });
    });

    const sorted = (columns: readonly Column[]) => columns.map((one) => JSON.stringify(one)).sort();
    expect(sorted(inDrizzle)).toEqual(
      sorted(
        inDatabase.map(({ table, column, type, required, pk }) => ({ table, column, type, required, pk })),
      ),
    );
  });

  it('is made once by write APIs that start at the same moment, and they agree on the stream of the store', async () => {
    const url = server().createDatabase();
    const rig = await createPostgresRig(server());

    const stores = await Promise.all([1, 2, 3].map(() => rig.openStore({ url })));

    expect(new Set(stores.map((store) => store.ownStream)).size).toBe(1);
    expect(await stores[0]?.health()).toMatchObject({ ok: true, schema: POSTGRES_MIGRATIONS.length });
  });

  it('is left alone when it is newer than this version', async () => {
    const rig = await createPostgresRig(server());
    server().run(rig.url, 'UPDATE sensorgw.schema_version SET version = 99');

    await expect(rig.openStore()).rejects.toMatchObject({ code: 'SGW_SCHEMA_TOO_NEW' });
  });
});
