/** What `sensorctl backup` copies: the two databases, what identifies them, and how their copies are named. */

import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { GatewayError, messageOf } from '../../lib/base/errors.ts';
import type { OwnedFile } from '../../lib/base/sqlite-backup.ts';
import { OUTBOX_FILE, READER, STORE_FILE, WRITE_API } from '../wiring/names.ts';
import type { Places } from './places.ts';

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
    import('../../lib/flow/write-api/schema.ts'),
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
    throw new GatewayError('SGW_BACKUP_BAD', `cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  const isSqlite = header.toString('latin1', 0, 15) === 'SQLite format 3';
  const id = header.readUInt32BE(APPLICATION_ID_AT);
  const kind = kinds.find((one) => one.applicationId === id);
  if (isSqlite && kind !== undefined) return kind;
  throw new GatewayError('SGW_BACKUP_BAD', `${basename(file)} is no database of a sensor gateway`, {
    hint: 'Backups are made by sensorctl backup create; each is one file, outbox-TIME.db or store-TIME.db.',
  });
}
