/**
 * `sensorctl config set KEY VALUE`: one setting, in the file that is in use, with its comments left alone. Nothing is
 * written unless the whole file is good afterwards; what stood there before is kept beside it. The file changes in
 * one moment, keeps its owner and its mode, and survives a power cut.
 */

import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { withValue } from '../../lib/base/config-edit.ts';
import { variableOf } from '../../lib/base/config-environment.ts';
import { type Path, parseConfig } from '../../lib/base/config-file.ts';
import { EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { didYouMean } from '../../lib/base/nearest.ts';
import { printable } from '../../lib/base/printable.ts';
import { keysAt, nodeAt, settingsOf } from '../../lib/base/setting-tree.ts';
import { syncPath } from '../../lib/base/sync-path.ts';
import { valueAt } from '../../lib/base/value-path.ts';
import { CONFIG_FILE, ENVIRONMENT_PREFIX } from '../wiring/config.ts';
import { SETTINGS } from '../wiring/settings.ts';
import { type Command, type CommandContext, operandOf, textOption, usageError } from './command.ts';
import { readConfig } from './places.ts';
import { unwritable } from './unwritable.ts';

const ELSEWHERE = '--config FILE';

export const configSet: Command = {
  name: 'config set',
  about: 'change one setting in the configuration file; comments stay, and a mistake changes nothing',
  operand: 'KEY VALUE',
  options: { 'dry-run': { about: 'only say what would be changed' } },
  examples: [
    ['sensorctl config set sampling.interval 30s', 'then restart what it concerns'],
    ['sensorctl config set breaker.pauses 10s,30s,60s', 'a list'],
    ['sensorctl config set destinations.0.url http://10.0.0.2:8470', 'of the first destination'],
  ],
  async run(context) {
    const key = operandOf(context, configSet, 'KEY');
    const text = operandOf(context, configSet, 'VALUE');
    const { path, value } = meant(key, text);
    assertNotOverridden(context, path);
    const file = fileInUse(context);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const after = edited(file, before, path, value);
    assertGood(context, file, after);
    const dryRun = context.options['dry-run'] === true;
    const backup = dryRun || !existsSync(file) ? undefined : `${file}.before`;
    if (!dryRun) replace(file, after, backup);

    const was = valueAt(parseConfig(file, before).values, path);
    const { out, note } = context.terminal;
    if (context.json) {
      const answer = {
        dry_run: dryRun,
        file,
        key,
        before: was ?? null,
        after: value,
        backup: backup ?? null,
      };
      await out(JSON.stringify(answer));
      return EXIT.ok;
    }
    const instead = was === undefined ? 'where the default held' : `instead of ${oneLine(was)}`;
    await out(printable(`${file}: ${key} ${dryRun ? 'would be' : 'is'} ${oneLine(value)} ${instead}`));
    if (backup !== undefined) note(`What stood there before is in ${backup}.`);
    if (!dryRun)
      note(
        'A running program has read the old one: sudo systemctl restart sensor-main (or whom it concerns).',
      );
    return EXIT.ok;
  },
};

/** Throws `SGW_USAGE` with the nearest key for one that there is not. */
function meant(key: string, text: string): { path: Path; value: unknown } {
  const path = key
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map((step) => (/^\d{1,3}$/.test(step) ? Number(step) : step));
  const node = nodeAt(SETTINGS, path);
  if (node?.node === 'setting') return { path, value: node.fromText(text) };
  if (node?.node === 'list') return { path, value: listFrom(key, text) };
  const parent = path.slice(0, -1);
  const inside = node === undefined ? keysAt(SETTINGS, parent) : keysAt(SETTINGS, path);
  const all = [...settingsOf(SETTINGS)].map((one) => one.path.join('.'));
  const hint =
    node === undefined
      ? didYouMean(key, all) ||
        (parent.length > 0 && inside.length > 0 ? ` There is ${inside.join(', ')} in it.` : '')
      : ` It is a group; there is ${inside.map((name) => `${key}.${name}`).join(', ')}.`;
  throw usageError(`there is no setting "${printable(key, 80)}".${hint}`, configSet.name);
}

function listFrom(key: string, text: string): unknown {
  const { values, problems } = parseConfig(key, text.trim().startsWith('[') ? text : `[${text}]`);
  if (problems[0] !== undefined) throw usageError(`${key}: ${problems[0].message}`, configSet.name);
  return values;
}

/** Throws `SGW_CONFIG_INVALID` for a file that has to be mended first. */
function edited(file: string, before: string, path: Path, value: unknown): string {
  const [problem] = parseConfig(file, before).problems;
  if (problem !== undefined) throw unfit(`${problem.place}  ${problem.message}`);
  try {
    return withValue(before, path, value);
  } catch (error) {
    throw unfit(`${file}  ${messageOf(error)}`, error);
  }
}

function unfit(what: string, cause?: unknown): GatewayError {
  return new GatewayError('SGW_CONFIG_INVALID', `${what}\nNothing was changed.`, {
    hint: 'Mend that by hand first: sensorctl config check names every problem.',
    cause,
  });
}

/** What the environment says holds, whatever the file says. */
function assertNotOverridden({ environment }: CommandContext, path: Path): void {
  for (let length = path.length; length > 0; length -= 1) {
    const variable = variableOf(ENVIRONMENT_PREFIX, path.slice(0, length));
    if (!environment[variable]) continue;
    throw new GatewayError('SGW_USAGE', `${variable} is set, and overrides what the file says`, {
      hint: `Change it where it is set (systemctl cat sensor-main shows the unit), or unset it: unset ${variable}`,
    });
  }
}

/** Through links: the file that they lead to is the one that changes. */
function fileInUse(context: CommandContext): string {
  const named = textOption(context, 'config') ?? (context.environment.SENSORGW_CONFIG || CONFIG_FILE);
  return existsSync(named) ? realpathSync(named) : named;
}

/** The whole of it, as a program would read it. Throws `SGW_CONFIG_INVALID`, with the name of the file that it will have. */
function assertGood(context: CommandContext, file: string, text: string): void {
  const draft = `${file}.draft`;
  try {
    write(draft, text);
    readConfig(context, draft);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'SGW_CONFIG_INVALID') throw error;
    const message = error.message
      .replaceAll(draft, file)
      .replace('Nothing was started', 'Nothing was changed');
    throw new GatewayError('SGW_CONFIG_INVALID', message, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}

function replace(file: string, text: string, backup: string | undefined): void {
  const fresh = `${file}.new`;
  try {
    write(fresh, text);
    if (backup !== undefined) {
      const { mode, uid, gid } = statSync(file);
      chmodSync(fresh, mode);
      if (process.getuid?.() === 0) chownSync(fresh, uid, gid);
      copyFileSync(file, backup);
      chmodSync(backup, mode);
      if (process.getuid?.() === 0) chownSync(backup, uid, gid);
    }
    syncPath(fresh);
    renameSync(fresh, file);
    syncPath(dirname(file));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw unwritable(file, error, ELSEWHERE);
  }
}

/** As private as a new file of ours is: it may name tokens' files. */
function write(file: string, text: string): void {
  try {
    // What an earlier run has left, or a link that somebody has put there for root to write through.
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o640, flag: 'wx' });
  } catch (error) {
    throw unwritable(file, error, ELSEWHERE);
  }
}

function oneLine(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
