/**
 * `sensorctl backup restore FILE`: puts a backup in the place of outbox or store. Only while the program
 * that owns it does not run, and the file that was there is kept aside.
 */

import { existsSync, linkSync, renameSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT } from '../../lib/base/errors.ts';
import { makeDir } from '../../lib/base/make-dir.ts';
import {
  type BackupKind,
  backupKinds,
  compactTime,
  copyOf,
  kindOf,
  ownedFile,
  presentFile,
} from './backup-files.ts';
import { countsInWords, noteLongRead, verified } from './backup-verify.ts';
import { type Command, operandOf } from './command.ts';
import { belongLike } from './file-owner.ts';
import { findPlaces } from './places.ts';
import { lockProgram } from './program-lock.ts';

export const backupRestore: Command = {
  name: 'backup restore',
  operand: 'FILE',
  about: 'put a backup in the place of outbox or store; what was there is kept aside',
  options: { 'dry-run': { about: 'only verify it and say what would be done' } },
  examples: [
    ['sensorctl backup restore /mnt/usb/store-20260115T160935Z.db', 'with sensor-api-write stopped'],
  ],
  async run(context) {
    const file = resolve(operandOf(context, backupRestore));
    const places = findPlaces(context);
    const kind = kindOf(file, await backupKinds());
    noteLongRead(context, file);
    const counts = await verified(kind, file);
    const target = presentFile(kind, places);
    const aside = join(places.dataDir, 'replaced', compactTime(context.wallMs()));
    const dryRun = context.options['dry-run'] === true;

    const lock = await lockProgram(places.dataDir, kind.program);
    const replaces = existsSync(target);
    try {
      if (!dryRun) {
        const { syncPath } = await import('../../lib/base/sync-path.ts');
        const fresh = `${target}.restored`;
        await copyOf(context, kind, ownedFile(kind, file), { file: fresh, elsewhere: '--data-dir DIR' });
        belongLike(fresh, replaces ? target : places.dataDir);
        if (replaces) await keepAside(kind, target, aside);
        // The one moment at which it changes: before it the old file is there, after it the new one.
        renameSync(fresh, target);
        syncPath(places.dataDir);
      }
    } finally {
      lock.release();
    }
    if (context.json) {
      const answer = { dry_run: dryRun, database: kind.name, restored: target, from: file, ...counts };
      await context.terminal.out(JSON.stringify({ ...answer, kept_aside: replaces ? aside : null }));
      return EXIT.ok;
    }
    const would = dryRun ? 'would be ' : '';
    await context.terminal.out(`${would}restored: ${target} from ${file}, ${countsInWords(counts)}`);
    if (replaces) await context.terminal.out(`${would}kept aside: ${aside}`);
    return EXIT.ok;
  },
};

/** A second name for the old file first, so that there is no moment without one. */
async function keepAside(kind: BackupKind, target: string, aside: string): Promise<void> {
  makeDir(aside, 0o750);
  for (const dir of [dirname(aside), aside]) belongLike(dir, target);
  await writeBackLog(kind, target);
  linkSync(target, join(aside, basename(target)));
  // A log that is left (the file is damaged) belongs to the old file, and would spoil the new one.
  for (const suffix of ['-wal', '-shm'])
    if (existsSync(target + suffix)) renameSync(target + suffix, join(aside, basename(target) + suffix));
}

/** SQLite writes the log back when the last connection closes: the old file is then one file. */
async function writeBackLog(kind: BackupKind, target: string): Promise<void> {
  const { openDatabase } = await import('../../lib/base/sqlite.ts');
  try {
    openDatabase(ownedFile(kind, target)).close();
  } catch {
    // Damaged, or of a newer version: it is kept with its log, as it is.
  }
}
