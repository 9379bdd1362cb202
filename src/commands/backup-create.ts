/** `sensorctl backup create`: a checked copy of outbox and store, also while both programs work on them. */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import {
  type BackupKind,
  backupKinds,
  backupName,
  isBackupName,
  ownedFile,
  presentFile,
} from './backup-files.ts';
import { type Command, type CommandContext, countOption, textOption } from './command.ts';
import { belongLike } from './file-owner.ts';
import { findPlaces, type Places } from './places.ts';
import { createProgress } from './progress.ts';

/** Of each database; older ones make room. */
const KEEP = 5;

export const backupCreate: Command = {
  name: 'backup create',
  about: 'copy outbox and store to a safe place, also while the programs run',
  options: {
    output: { value: 'DIR', about: 'where to (else backups/ in the data directory: better on another disk)' },
    keep: { value: 'N', about: `how many copies of each to keep there (default ${KEEP})` },
    'dry-run': { about: 'only say what would be done' },
  },
  examples: [['sensorctl backup create --output /mnt/usb', 'before an upgrade, or every night']],
  async run(context) {
    const places = findPlaces(context);
    const keep = countOption(context, 'keep', KEEP, 'backup create');
    const dir = resolve(textOption(context, 'output') ?? join(places.dataDir, 'backups'));
    const dryRun = context.options['dry-run'] === true;
    const kinds = (await backupKinds()).filter((kind) => existsSync(presentFile(kind, places)));
    if (kinds.length === 0) throw nothingThere(places.dataDir);

    const made = kinds.map((kind) => join(dir, backupName(kind, context.wallMs())));
    if (!dryRun) {
      makeDirectory(dir);
      for (const [index, kind] of kinds.entries()) await copy(context, places, kind, made[index] ?? '');
      // So that the gateway's own user can make the next one there, and remove these.
      const isInDataDir = dir.startsWith(`${resolve(places.dataDir)}/`);
      if (isInDataDir) for (const path of [dir, ...made]) belongLike(path, places.dataDir);
    }
    const old = kinds.flatMap((kind) => surplus(dir, kind, keep, dryRun ? 1 : 0));
    if (!dryRun) for (const file of old) rmSync(file, { force: true });

    if (context.json) {
      await context.terminal.out(JSON.stringify({ dry_run: dryRun, created: made, removed: old }));
      return EXIT.ok;
    }
    const would = dryRun ? 'would be ' : '';
    for (const file of made) await context.terminal.out(`${would}made: ${file}`);
    for (const file of old) await context.terminal.out(`${would}removed, the oldest: ${file}`);
    return EXIT.ok;
  },
};

async function copy(context: CommandContext, places: Places, kind: BackupKind, target: string) {
  const { backupDatabase } = await import('../../lib/base/sqlite-backup.ts');
  const progress = createProgress(context);
  await backupDatabase(ownedFile(kind, presentFile(kind, places)), target, (done, total) =>
    progress(done, total, `pages of the ${kind.name}`),
  );
}

/** All but the newest `keep`, of which `toCome` are not there yet. Only names that we give ourselves. */
function surplus(dir: string, kind: BackupKind, keep: number, toCome: number): string[] {
  if (!existsSync(dir)) return [];
  const newestFirst = readdirSync(dir)
    .filter((file) => isBackupName(kind, file))
    .sort()
    .reverse();
  return newestFirst.slice(keep - toCome).map((file) => join(dir, file));
}

function makeDirectory(dir: string): void {
  try {
    // As private as the data itself.
    mkdirSync(dir, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw new GatewayError('SGW_DATA_DIR_UNUSABLE', `cannot make ${dir}: ${messageOf(error)}`, {
      hint: 'Name a directory that you may write to: --output DIR.',
      cause: error,
    });
  }
}

function nothingThere(dataDir: string): GatewayError {
  return new GatewayError('SGW_DATABASE_MISSING', `there is neither an outbox nor a store in ${dataDir}`, {
    hint: 'Is the data directory right? See `sensorctl --help` on --data-dir.',
  });
}
