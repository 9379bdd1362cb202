/** `sensorctl backup verify FILE`: reads all of a backup and says what it is, what is in it and whether it is sound. */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf, EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { type BackupKind, backupKinds, kindOf, ownedFile } from './backup-files.ts';
import { type Command, type CommandContext, operandOf } from './command.ts';
import { bytesInWords, count } from './words.ts';

export const backupVerify: Command = {
  name: 'backup verify',
  operand: 'FILE',
  about: 'read all of a backup and say whether it is sound',
  options: {},
  examples: [
    [
      'sensorctl backup verify /mnt/usb/outbox-20260115T160935Z.db',
      'can this be restored, and what is in it?',
    ],
  ],
  async run(context) {
    const file = resolve(operandOf(context, backupVerify));
    const kind = kindOf(file, await backupKinds());
    noteLongRead(context, file);
    const counts = await verified(kind, file);
    await context.terminal.out(
      context.json
        ? JSON.stringify({ file, database: kind.name, ok: true, ...counts })
        : `${file} is sound: ${kind.name}, ${countsInWords(counts)}`,
    );
    return EXIT.ok;
  },
};

/** A slow card reads some ten MiB a second, and SQLite says nothing before it has read all. */
const LONG_READ_BYTES = 16 * 1_048_576;

/** Says that it takes a while, where it does. */
export function noteLongRead({ json, terminal }: CommandContext, file: string): void {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (!json && bytes > LONG_READ_BYTES) terminal.note(`Reading all of ${file} (${bytesInWords(bytes)}).`);
}

export function countsInWords(counts: Readonly<Record<string, number>>): string {
  // "series" and "received" are their own plural.
  return Object.entries(counts)
    .map(([what, n]) =>
      what.endsWith('s') && what !== 'series'
        ? count(n, what.slice(0, -1).replace('_', ' '))
        : `${n.toLocaleString('en')} ${what}`,
    )
    .join(', ');
}

/** What is in it. Throws `SGW_BACKUP_BAD`, and `SGW_SCHEMA_TOO_NEW` for a backup of a newer version. */
export async function verified(kind: BackupKind, file: string): Promise<Record<string, number>> {
  const { assertSound } = await import('../../lib/base/sqlite-backup.ts');
  const { openDatabaseReadOnly } = await import('../../lib/base/sqlite.ts');
  try {
    const database = openDatabaseReadOnly({ ...ownedFile(kind, file), olderToo: true });
    try {
      assertSound(database);
      const schema = Number(database.pragma('user_version', { simple: true }));
      const counted = Object.entries(kind.counts(schema)).map(([what, sql]) => [
        what,
        database.prepare<[], number>(sql).pluck().get() ?? 0,
      ]);
      return Object.fromEntries(counted);
    } finally {
      database.close();
    }
  } catch (error) {
    // Damage has many places to show itself in; SQLite's own code says that it is damage.
    if (!/^SQLITE_(CORRUPT|NOTADB|IOERR|ERROR)/.test(codeOf(error) ?? '')) throw error;
    throw new GatewayError('SGW_BACKUP_BAD', `${file} is damaged: ${messageOf(error)}`, { cause: error });
  }
}
