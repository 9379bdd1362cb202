/**
 * Whether the tables of a file are those that its migrations make. SQLite keeps them as text, and neither opening a file
 * nor `quick_check` minds a letter of that text that has changed: a column has another name then, and each statement
 * that asks for it fails at every start.
 */

import type { SqliteDatabase } from './sqlite.ts';

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  /** `null` of an index that a constraint brings along. */
  readonly sql: string | null;
}

const OBJECTS = 'SELECT type, name, sql FROM sqlite_schema';

const schemas = new WeakMap<readonly string[], readonly SchemaObject[]>();

/**
 * What is wrong with the schema of a database that has been brought to the last of `migrations`; `undefined` if
 * nothing. `openScratch` makes an empty database, which is used once for each list of migrations. What somebody else
 * has added is left alone.
 */
export function damageOfSchema(
  database: SqliteDatabase,
  migrations: readonly string[],
  openScratch: () => SqliteDatabase,
): string | undefined {
  const found = new Map(objectsIn(database).map((one) => [keyOf(one), one.sql]));
  const wrong = schemaOf(migrations, openScratch).find((one) => found.get(keyOf(one)) !== one.sql);
  return wrong && `its ${wrong.type} ${wrong.name} is not the one that its migrations make`;
}

/**
 * Whether a database has what `migrations` make, and nothing else: each of them changes a table, so that such a file
 * is of no newer version, whatever number stands in it.
 */
export function isSchemaOf(
  database: SqliteDatabase,
  migrations: readonly string[],
  openScratch: () => SqliteDatabase,
): boolean {
  const count = schemaOf(migrations, openScratch).length;
  return (
    objectsIn(database).length === count && damageOfSchema(database, migrations, openScratch) === undefined
  );
}

function schemaOf(migrations: readonly string[], openScratch: () => SqliteDatabase): readonly SchemaObject[] {
  const known = schemas.get(migrations);
  if (known !== undefined) return known;
  const scratch = openScratch();
  try {
    for (const sql of migrations) scratch.exec(sql);
    const made = objectsIn(scratch);
    schemas.set(migrations, made);
    return made;
  } finally {
    scratch.close();
  }
}

const objectsIn = (database: SqliteDatabase) => database.prepare<[], SchemaObject>(OBJECTS).all();

const keyOf = ({ type, name }: SchemaObject) => `${type} ${name}`;
