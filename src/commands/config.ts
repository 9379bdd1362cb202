/** `sensorctl config ...`: check a configuration, show what holds, print one to start from. */

import { isDeepStrictEqual } from 'node:util';
import type { Path } from '../../lib/base/config-file.ts';
import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { settingsOf } from '../../lib/base/setting-tree.ts';
import { CONFIG_FILE, type LoadedConfig } from '../wiring/config.ts';
import { databaseOf } from '../wiring/database.ts';
import { readSecrets } from '../wiring/secrets.ts';
import { SETTINGS } from '../wiring/settings.ts';
import { sampleValues, sampleYaml, settingsMarkdown } from '../wiring/settings-docs.ts';
import { type Command, textOption } from './command.ts';
import { readConfig } from './places.ts';

export const configCheck: Command = {
  name: 'config check',
  about: 'say everything that is wrong with a configuration',
  options: { file: { value: 'FILE', about: 'this file instead of the one in use' } },
  examples: [
    ['sensorctl config check', 'is the configuration right?'],
    ['sensorctl config check --file new.yaml', 'before it is put in place'],
  ],
  async run(context) {
    const { file, config } = readConfig(
      context,
      textOption(context, 'file') ?? textOption(context, 'config'),
    );
    for (const destination of config.destinations) readSecrets(destination);
    databaseOf(config.store);
    const what = file ?? `the built-in defaults (there is no ${CONFIG_FILE})`;
    await context.terminal.out(
      context.json ? JSON.stringify({ ok: true, file: file ?? null }) : `${what}: good`,
    );
    return EXIT.ok;
  },
};

export const configShow: Command = {
  name: 'config show',
  about: 'print the settings that hold, and where each comes from',
  options: { diff: { about: 'only those that differ from their defaults, with both values' } },
  examples: [
    ['sensorctl config show', 'which value holds, and why'],
    ['sensorctl config show --diff', 'what has been changed here'],
  ],
  async run(context) {
    const loaded = readConfig(context);
    const diff = context.options.diff === true;
    const rows = settingRows(loaded).filter(
      ({ value, initial }) => !diff || !isDeepStrictEqual(value, initial),
    );
    if (context.json) {
      const settings = rows.map(({ key, value, initial, place }) => ({
        key,
        value: value ?? null,
        default: initial ?? null,
        from: place,
      }));
      await context.terminal.out(JSON.stringify({ file: loaded.file ?? null, settings }));
      return EXIT.ok;
    }
    for (const line of settingLines(rows, diff)) await context.terminal.out(line);
    if (rows.length === 0) context.terminal.note('Everything is as it is without a configuration.');
    return EXIT.ok;
  },
};

export const configSample: Command = {
  name: 'config sample',
  about: 'print a configuration file with every setting explained',
  options: {},
  examples: [['sensorctl config sample > config.yaml', 'a file to start from']],
  jsonVersion: null,
  async run(context) {
    await context.terminal.out(context.json ? JSON.stringify(sampleValues()) : sampleYaml().trimEnd());
    return EXIT.ok;
  },
};

export const configDocs: Command = {
  name: 'config docs',
  about: 'print docs/settings.md',
  options: {},
  examples: [['sensorctl config docs > docs/settings.md', 'after a change of the settings']],
  hidden: true,
  async run(context) {
    await context.terminal.out(settingsMarkdown().trimEnd());
    return EXIT.ok;
  },
};

interface SettingRow {
  readonly key: string;
  /** As it would stand in the file. */
  readonly value: unknown;
  readonly initial: unknown;
  /** `default`, a place in the file, or a variable. */
  readonly place: string;
}

function settingRows({ given, config }: LoadedConfig): SettingRow[] {
  return [...settingsOf(SETTINGS)].map(({ path, node }): SettingRow => {
    const found = given(path);
    const fixed = path[0] === 'destinations' ? config.destinations.map(urlOf) : node.initial;
    const initial = node.node === 'setting' && fixed === undefined ? defaultOf(path, config) : fixed;
    return { key: path.join('.'), value: found?.raw ?? initial, initial, place: found?.place ?? 'default' };
  });
}

/** `sampling.interval: 10s    # default`. */
function settingLines(rows: readonly SettingRow[], diff: boolean): string[] {
  const said = rows.map(({ key, value, initial, place }): [string, string] => [
    `${key}: ${oneLine(value)}`,
    diff ? `instead of ${oneLine(initial)}: ${place}` : place,
  ]);
  const width = Math.min(60, Math.max(0, ...said.map(([setting]) => setting.length)));
  return said.map(([setting, place]) => `${setting.padEnd(width)}  # ${place}`);
}

function urlOf({ name, url }: LoadedConfig['config']['destinations'][number]) {
  return { name, url };
}

/** Settings whose default follows from the machine or from another setting. */
function defaultOf(path: Path, config: LoadedConfig['config']): string {
  if (path[0] === 'sampling') return `${config.sampling.deadlineMs}ms`;
  return path[0] === 'api' ? config.api.defaultGateway : config.gateway;
}

function oneLine(value: unknown): string {
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
