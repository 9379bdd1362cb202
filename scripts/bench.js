// @ts-check
/**
 * `npm run -s bench -- [--json] [NAME...]`: benchmarks that print ratios to something measured in the same
 * run, one after the other. With --json one object a line, `{name, ratio, bar, value, unit, runs}`; else a
 * table. A bar that is missed is said; it is no failure, because machines are shared and noisy.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileInto } from '../test/support/compile.js';
import { ROOT, runMain, setUp } from './setup.js';

const EXIT_USAGE = 64;

/** In the order in which they are run. */
const BENCHMARKS = [
  'drain',
  'delivery-overhead',
  'ingest',
  'ingest-under-scan',
  'ingest-postgres',
  'year-query',
  'group-commit',
  'outbox-depth',
  'status-depth',
  'outage-year',
  'disk-bytes',
  'insert-paths',
  'api-rss',
];

/** @typedef {{ name: string, ratio: number, bar: string | null, value: number, unit: string, runs: number }} Row */

await runMain(async () => {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const unknown = positionals.find((name) => !BENCHMARKS.includes(name));
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}". There are: ${BENCHMARKS.join(', ')}.`);
    return EXIT_USAGE;
  }
  await setUp();
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-bench-'));
  const names = positionals.length > 0 ? positionals : BENCHMARKS;
  try {
    compileInto(
      dir,
      names.map((name) => `bench/${name}.ts`),
    );
    if (!values.json) console.log(tableRow(['benchmark', 'ratio', 'bar', '', 'measured here', 'runs']));
    for (const name of names) {
      for (const row of await run(join(dir, 'bench', `${name}.js`))) {
        console.log(values.json ? JSON.stringify(row) : inWords(row));
      }
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return 0;
});

/**
 * @param {string} script
 * @returns {Promise<Row[]>}
 */
async function run(script) {
  const child = spawn(process.execPath, [script], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  const code = await new Promise((resolve) => {
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** @param {Row} row */
function inWords({ name, ratio, bar, value, unit, runs }) {
  if (bar === null) return tableRow([name, String(ratio), '', '', `${value} ${unit}`, String(runs)]);
  const [sign, limit] = bar.split(' ');
  const met = sign === '>=' ? ratio >= Number(limit) : ratio <= Number(limit);
  return tableRow([name, String(ratio), bar, met ? 'met' : 'MISSED', `${value} ${unit}`, String(runs)]);
}

/** @param {readonly string[]} cells */
function tableRow(cells) {
  const widths = [52, 7, 8, 7, 24, 4];
  return cells
    .map((cell, i) => cell.padEnd(widths[i] ?? 0))
    .join(' ')
    .trimEnd();
}
