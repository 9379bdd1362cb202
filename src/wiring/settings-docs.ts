/**
 * The two documents that follow from the tree of settings: `docs/settings.md` and
 * `config.example.yaml`. `npm run docs` writes both with these functions, and a test holds the files to it.
 */

import { variableOf } from '../../lib/base/config-environment.ts';
import { keyOf, type List, type Node, type Section, type Setting } from '../../lib/base/setting.ts';
import { entriesOf } from '../../lib/base/setting-tree.ts';
import { CONFIG_FILE, ENVIRONMENT_PREFIX } from './config.ts';
import { SETTINGS } from './settings.ts';

const WIDTH = 100;

export function settingsMarkdown(): string {
  const groups = entriesOf(SETTINGS).filter(([, node]) => node.node !== 'setting');
  return [
    '# Settings',
    '',
    '<!-- Written by `npm run docs`. Change the settings in src/wiring instead. -->',
    '',
    `The programs need no configuration. What should differ stands in \`${CONFIG_FILE}\` (or in the file`,
    'that `--config` or `SENSORGW_CONFIG` names); environment variables override the file. Everything is',
    'checked before anything is started: `sensorctl config check` does only that, `sensorctl config show`',
    'prints what holds and where it comes from, and `sensorctl config sample` prints a file to start from.',
    '',
    '- Lengths of time are written `250ms`, `10s`, `5m`, `1h`, `7d`; sizes `64KiB`, `256MiB`, `1GiB`.',
    '- The variable of a setting is its path in capitals: `sampling.interval` is `SENSORGW_SAMPLING_INTERVAL`.',
    '  An empty variable counts as not set; an unknown one is an error. Lists are written `10s,30s,60s`, or',
    '  as YAML in one line.',
    '- A wrong configuration ends the program with exit code 78, and everything that is wrong is listed.',
    '',
    '## General',
    '',
    ...table(SETTINGS.shape, []),
    ...groups.flatMap(([name, node]) => chapter(keyOf(name, node), node)),
    '',
  ].join('\n');
}

function chapter(key: string, node: Node, within: readonly string[] = []): string[] {
  if (node.node === 'setting') return [];
  const path = [...within, key];
  const head = ['', `${within.length === 0 ? '##' : '###'} ${path.join('.')}`, '', node.about, ''];
  if (node.node === 'section') {
    const lists = entriesOf(node).filter(([, child]) => child.node === 'list');
    return [
      ...head,
      ...table(node.shape, path),
      ...lists.flatMap(([name, child]) => chapter(keyOf(name, child), child, path)),
    ];
  }
  const usual = node.initial.map((one) => `\`${inline(one)}\``).join(', ') || 'none';
  const least = node.initial.length === 0 ? 0 : 1;
  const variable = variableOf(ENVIRONMENT_PREFIX, path);
  return [
    ...head,
    `A list of ${least} to ${node.entriesMax} entries. Default: ${usual}. Variable: \`${variable}\`.`,
    ...(node.bareKey ? [`A bare word is an entry's \`${node.bareKey}\`.`] : []),
    '',
    ...table(node.entry.shape, [...within, `${key}[]`]),
  ];
}

function table(shape: Section['shape'], path: readonly string[]): string[] {
  return [
    '| setting | values | default | what it decides |',
    '| --- | --- | --- | --- |',
    ...rowsOf(shape, path),
  ];
}

/** Those of a section within a section have longer names, and no table of their own. */
function rowsOf(shape: Section['shape'], path: readonly string[]): string[] {
  return entriesOf({ node: 'section', about: '', shape }).flatMap(([name, node]) => {
    const own = [...path, keyOf(name, node)];
    if (node.node === 'section') return path.length === 0 ? [] : rowsOf(node.shape, own);
    if (node.node !== 'setting') return [];
    return [`| \`${own.join('.')}\` | ${node.values} | ${defaultOf(node)} | ${node.about} |`];
  });
}

function defaultOf(node: Setting<unknown>): string {
  if (node.initial !== undefined) return `\`${inline(node.initial)}\``;
  return node.initialNote ?? 'none: must be given';
}

/** A file with every setting, each at its default and commented out. */
export function sampleYaml(): string {
  const lines = [
    '# Settings of sensor-gateway: each at its default and commented out. Take the "#" away to change one;',
    `# what is left out keeps its default. The programs look for this file at ${CONFIG_FILE}.`,
    '# Check it with "sensorctl config check". The whole story: docs/settings.md.',
  ];
  for (const [name, node] of entriesOf(SETTINGS)) lines.push('', ...sampleOf(keyOf(name, node), node, ''));
  return `${lines.join('\n')}\n`;
}

/** The same as values: every setting that has a default, at its default. As YAML it is a configuration, too. */
export function sampleValues(shape: Section['shape'] = SETTINGS.shape): object {
  const values = entriesOf({ node: 'section', about: '', shape }).flatMap(([name, node]) => {
    const value = node.node === 'section' ? sampleValues(node.shape) : node.initial;
    return value === undefined ? [] : [[keyOf(name, node), value] as const];
  });
  return Object.fromEntries(values);
}

function sampleOf(key: string, node: Node, indent: string): string[] {
  switch (node.node) {
    case 'setting':
      return [
        ...comment(`${node.about} ${rangeOf(node)}`, indent),
        `${indent}#${key}: ${inline(node.initial ?? node.example)}`,
      ];
    case 'section':
      return [
        ...comment(node.about, indent),
        `${indent}${key}:`,
        ...entriesOf(node).flatMap(([name, child]) => sampleOf(keyOf(name, child), child, `${indent}  `)),
      ];
    case 'list':
      return listSample(key, node, indent);
  }
}

function listSample(key: string, node: List, indent: string): string[] {
  const keys = entriesOf(node.entry).flatMap(([name, child]) =>
    child.node === 'setting'
      ? comment(`- ${keyOf(name, child)}: ${child.about} ${rangeOf(child)}`, indent)
      : [],
  );
  const entries = [...node.initial, ...node.example].flatMap((entry) =>
    Object.entries(entry ?? {}).map(
      ([name, value], i) => `${indent}#  ${i === 0 ? '-' : ' '} ${name}: ${inline(value)}`,
    ),
  );
  return [...comment(`${node.about} Each entry may have:`, indent), ...keys, `${indent}#${key}:`, ...entries];
}

function rangeOf(node: Setting<unknown>): string {
  const without = node.initialNote === undefined ? '' : ` Without it: ${node.initialNote}.`;
  return `(${node.values})${without}`;
}

/** A value in YAML, on one line. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, one]) => `${key}: ${inline(one)}`)
      .join(', ')}}`;
  }
  return String(value);
}

function comment(prose: string, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of prose.split(' ')) {
    if (line !== '' && indent.length + line.length + word.length + 3 > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  const hanging = prose.startsWith('- ') ? '  ' : '';
  return [...lines, line].map((one, i) => `${indent}# ${i > 0 ? hanging : ''}${one}`);
}
