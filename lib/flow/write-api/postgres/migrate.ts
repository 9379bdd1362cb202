/**
 * Brings a database to today's schema, and makes sure that it keeps what it commits. One write API does it at a time,
 * in one transaction: several that start together over an empty database find it made once.
 */

import { GatewayError } from '../../../base/errors.ts';
import { LOCKS } from './advisory-locks.ts';
import type { Session, Sql } from './connections.ts';
import { POSTGRES_MIGRATIONS } from './schema.ts';

/** A migration may rewrite what there is, and whoever else starts meanwhile waits for it. */
export const MIGRATION_MAX_MS = 120_000;

/** What had to be done. */
export interface Migrated {
  readonly from: number;
  readonly to: number;
}

/** Throws `SGW_SCHEMA_TOO_NEW`, `SGW_DATABASE_PRAGMA`. */
export async function migrateDatabase(session: Session): Promise<Migrated> {
  const to = POSTGRES_MIGRATIONS.length;
  const version = await session.look(async (sql) => {
    await refuseForgetful(sql);
    return versionOf(sql);
  });
  if (version === to) return { from: version, to };
  return session.transaction(
    async (sql) => {
      await sql.rows('SELECT pg_advisory_xact_lock($1)', [LOCKS.migrate]);
      await sql.run('CREATE SCHEMA IF NOT EXISTS sensorgw');
      await sql.run('CREATE TABLE IF NOT EXISTS sensorgw.schema_version (version integer NOT NULL)');
      // Under the lock: somebody else may have done it by now.
      const from = await versionOf(sql);
      for (const script of POSTGRES_MIGRATIONS.slice(from)) await sql.run(script);
      if (from < to) {
        await sql.run('DELETE FROM sensorgw.schema_version');
        await sql.run('INSERT INTO sensorgw.schema_version VALUES ($1)', [to]);
      }
      return { from, to };
    },
    { statementMaxMs: MIGRATION_MAX_MS, lockMaxMs: MIGRATION_MAX_MS },
  );
}

/** The schema that it has; 0: none. */
async function versionOf(sql: Sql): Promise<number> {
  const [table] = await sql.rows<{ there: boolean }>(
    "SELECT to_regclass('sensorgw.schema_version') IS NOT NULL AS there",
  );
  if (table?.there !== true) return 0;
  const [row] = await sql.rows<{ version: number }>('SELECT version FROM sensorgw.schema_version');
  const version = row?.version ?? 0;
  if (version <= POSTGRES_MIGRATIONS.length) return version;
  throw new GatewayError(
    'SGW_SCHEMA_TOO_NEW',
    `the database has schema ${version}, and this version knows ${POSTGRES_MIGRATIONS.length}`,
    { hint: 'Install the newer version again, or restore a backup from before.' },
  );
}

/** A server that does not sync loses what it has confirmed when the power fails, and may lose everything. */
async function refuseForgetful(sql: Sql): Promise<void> {
  const [row] = await sql.rows<{ fsync: string }>("SELECT current_setting('fsync', true) AS fsync");
  if (row?.fsync !== 'off') return;
  throw new GatewayError('SGW_DATABASE_PRAGMA', 'the database server runs with fsync = off', {
    hint: 'Set fsync = on in postgresql.conf and reload it: what is answered as stored must survive a power cut.',
  });
}
