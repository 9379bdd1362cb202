/** What `sensorctl backup` copies: the two databases, what identifies them, and how their copies are named. */

import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { codeOf, GatewayError, messageOf } from '../../lib/base/errors.ts';
import type { OwnedFile } from '../../lib/base/sqlite-backup.ts';
import { OUTBOX_FILE, READER, STORE_FILE, WRITE_API } from '../wiring/names.ts';
import type { CommandContext } from './command.ts';
import { explained } from './damaged.ts';
import type { Places } from './places.ts';
import { createProgress } from './progress.ts';
import { unwritable } from './unwritable.ts';

export interface BackupKind {
  readonly name: 'outbox' | 'store';
  /** The program that must not run while its database is replaced. */
  readonly program: string;
  readonly file: string;
  readonly applicationId: number;
  readonly migrations: readonly string[];
  /** What `verify` counts in a file of this schema. */
  counts(schema: number): Readonly<Record<string, string>>;
}

/** The schemas are loaded only now: help and usage errors should not wait for them. */
export async function backupKinds(): Promise<readonly BackupKind[]> {
  const [outbox, store] = await Promise.all([
    import('../../lib/flow/outbox/schema.ts'),
    import('../../lib/flow/write-api/store/schema.ts'),
  ]);
  return [
    {
      name: 'outbox',
      program: READER,
      file: OUTBOX_FILE,
      applicationId: outbox.OUTBOX_APPLICATION_ID,
      migrations: outbox.OUTBOX_MIGRATIONS,
      counts: () => ({
        rows: 'SELECT count(*) FROM readings',
        dead_letters: 'SELECT count(*) FROM dead_letters',
        streams: 'SELECT count(*) FROM streams',
      }),
    },
    {
      name: 'store',
      program: WRITE_API,
      file: STORE_FILE,
      applicationId: store.STORE_APPLICATION_ID,
      migrations: store.STORE_MIGRATIONS,
      counts: (schema) => ({
        readings: `SELECT count(*) FROM ${schema < store.ALL_READINGS_SINCE ? 'readings' : 'all_readings'}`,
        received: 'SELECT coalesce(sum(hi - lo + 1), 0) FROM received',
        series: 'SELECT count(*) FROM series',
      }),
    },
  ];
}

export function ownedFile({ applicationId, migrations }: BackupKind, file: string): OwnedFile {
  return { file, applicationId, migrations };
}

/** Where a copy goes, and the option that names another place. */
interface Target {
  readonly file: string;
  readonly elsewhere: string;
}

/** Copies a database, also while somebody works on it. Throws what `backupDatabase` throws, as a person needs to hear it. */
export async function copyOf(
  context: CommandContext,
  { name }: BackupKind,
  source: OwnedFile,
  { file, elsewhere }: Target,
): Promise<void> {
  const { backupDatabase } = await import('../../lib/base/sqlite-backup.ts');
  const progress = createProgress(context);
  try {
    await backupDatabase(source, file, (done, total) => progress(done, total, `pages of the ${name}`));
  } catch (error) {
    // The original is only read: where something cannot be written, it is the copy.
    if (CANNOT_WRITE.test(codeOf(error) ?? '')) throw unwritable(file, error, elsewhere);
    throw explained(name, source.file, error);
  }
}

const CANNOT_WRITE =
  /^(SQLITE_(FULL|CANTOPEN|READONLY|IOERR_(WRITE|FSYNC|DIR_FSYNC|TRUNCATE|DELETE))|E[A-Z]+$)/;

export function presentFile(kind: BackupKind, places: Places): string {
  return kind.name === 'outbox' ? places.outboxFile : places.storeFile;
}

/** `outbox-20260115T160935Z.db`: sorts by age. */
export function backupName({ name }: BackupKind, atMs: number): string {
  return `${name}-${compactTime(atMs)}.db`;
}

export function isBackupName({ name }: BackupKind, file: string): boolean {
  return new RegExp(`^${name}-\\d{8}T\\d{6}Z\\.db$`).test(file);
}

/** `20260115T160935Z`. */
export function compactTime(atMs: number): string {
  return `${new Date(atMs)
    .toISOString()
    .replace(/[-:]|\.\d+/g, '')
    .slice(0, 15)}Z`;
}

/** Where SQLite keeps the application id in the first page. */
const APPLICATION_ID_AT = 68;
const HEADER_BYTES = 100;

const WHAT_BACKUPS_ARE =
  'Backups are made by sensorctl backup create; each is one file, outbox-TIME.db or store-TIME.db.';

/** By what the file says of itself, whatever its name. Throws `SGW_BACKUP_BAD` if it is neither of ours. */
export function kindOf(file: string, kinds: readonly BackupKind[]): BackupKind {
  const header = Buffer.alloc(HEADER_BYTES);
  try {
    const handle = openSync(file, 'r');
    try {
      readSync(handle, header, 0, HEADER_BYTES, 0);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw new GatewayError('SGW_BACKUP_BAD', `cannot read ${file}: ${messageOf(error)}`, {
      hint: WHAT_BACKUPS_ARE,
      cause: error,
    });
  }
  const isSqlite = header.toString('latin1', 0, 15) === 'SQLite format 3';
  const id = header.readUInt32BE(APPLICATION_ID_AT);
  const kind = kinds.find((one) => one.applicationId === id);
  if (isSqlite && kind !== undefined) return kind;
  throw new GatewayError('SGW_BACKUP_BAD', `${basename(file)} is no database of a sensor gateway`, {
    hint: WHAT_BACKUPS_ARE,
  });
}
