/**
 * `sensorctl backup create`: a checked copy of outbox and store, also while both programs work on them; with `--from`
 * one of the store of another machine, from its monitor.
 */

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, GatewayError } from '../../lib/base/errors.ts';
import { makeDir } from '../../lib/base/make-dir.ts';
import {
  type BackupKind,
  backupKinds,
  backupName,
  copyOf,
  isBackupName,
  ownedFile,
  presentFile,
} from './backup-files.ts';
import { type Command, type CommandContext, countOption, textOption } from './command.ts';
import { belongLike } from './file-owner.ts';
import { findPlaces, type Places } from './places.ts';
import { unwritable } from './unwritable.ts';

/** Of each database; older ones make room. */
const KEEP = 5;
const ELSEWHERE = '--output DIR';

export const backupCreate: Command = {
  name: 'backup create',
  about: 'copy outbox and store to a safe place, also while the programs run',
  options: {
    output: { value: 'DIR', about: 'where to (else backups/ in the data directory: better on another disk)' },
    from: {
      value: 'URL',
      about:
        'copy the store of another machine instead: the address of its monitor, such as http://127.0.0.1:8471',
    },
    keep: { value: 'N', about: `how many copies of each to keep there (default ${KEEP})` },
    'dry-run': { about: 'only say what would be done' },
  },
  examples: [
    ['sensorctl backup create --output /mnt/usb', 'before an upgrade, or every night'],
    [
      'sensorctl backup create --from http://127.0.0.1:8471 --output ~/pi',
      'through ssh -L 8471:127.0.0.1:8471 PI',
    ],
  ],
  async run(context) {
    const places = findPlaces(context);
    const keep = countOption(context, 'keep', KEEP, 'backup create');
    const output = resolve(textOption(context, 'output') ?? join(places.dataDir, 'backups'));
    const dryRun = context.options['dry-run'] === true;
    const { kinds, dir, take } = await sourceOf(context, places, output, dryRun);

    const made = kinds.map((kind) => join(dir, backupName(kind, context.wallMs())));
    if (!dryRun) {
      makeDirectory(dir);
      for (const [index, kind] of kinds.entries()) await take(kind, made[index] ?? '');
      // So that the gateway's own user can make the next one there, and remove these.
      const ours = `${resolve(places.dataDir)}/`;
      for (const path of [output, dir, ...made]) if (path.startsWith(ours)) belongLike(path, places.dataDir);
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

/** What is copied, where to, and how. */
interface Source {
  readonly kinds: readonly BackupKind[];
  readonly dir: string;
  take(kind: BackupKind, target: string): Promise<void>;
}

async function sourceOf(
  context: CommandContext,
  places: Places,
  output: string,
  dryRun: boolean,
): Promise<Source> {
  const all = await backupKinds();
  const from = textOption(context, 'from');
  if (from === undefined) {
    const kinds = all.filter((kind) => existsSync(presentFile(kind, places)));
    if (kinds.length === 0) throw nothingThere(places.dataDir);
    return { kinds, dir: output, take: (kind, target) => copy(context, places, kind, target) };
  }
  const { fetchStore, findRemote, remoteStore } = await import('./backup-fetch.ts');
  const remote = remoteStore(from);
  if (dryRun) await findRemote(remote);
  return {
    kinds: all.filter(({ name }) => name === 'store'),
    dir: join(output, remote.directory),
    take: (_kind, target) => fetchStore(context, remote, target),
  };
}

async function copy(context: CommandContext, places: Places, kind: BackupKind, target: string) {
  const source = ownedFile(kind, presentFile(kind, places));
  await copyOf(context, kind, source, { file: target, elsewhere: ELSEWHERE });
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
    makeDir(dir, 0o750);
  } catch (error) {
    throw unwritable(dir, error, ELSEWHERE);
  }
}

function nothingThere(dataDir: string): GatewayError {
  return new GatewayError('SGW_DATABASE_MISSING', `there is neither an outbox nor a store in ${dataDir}`, {
    hint: 'Is the data directory right? See `sensorctl --help` on --data-dir.',
  });
}
