/**
 * Goal: whichever single call to a file or a socket fails, and from whichever call on a disk or a network fails, no
 * accepted reading is lost or doubled, and the gateway is at work again by itself when the fault is gone. Method: both
 * programs, wired as they always are, over real SQLite files and real connections on virtual time; a preloaded
 * library fails the n-th call, for one n after the other.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { compileInto } from '../support/compile.js';
import { createSeededRandom } from '../support/seeded-random.ts';
import { createFaultPage } from './fault-page.ts';
import { befallsFiles, FAULT_NAMES, type FaultName } from './faults.ts';
import { buildLibrary, type LoopName, problemsOf, runLoops, summaryOf } from './loops.ts';
import type { Opening } from './one-read-host.ts';
import { SCENARIO_NAMES, type ScenarioName } from './scenarios.ts';
import { RUNS, SEED } from './settings.ts';

/** Of each loop in a share; all of them together take some ten seconds of two cores. */
const SHARE_RUNS = 2;
const WHOLE_MAX_MS = 24 * 3_600_000;

const ROOT = join(import.meta.dirname, '../..');
const all = SCENARIO_NAMES.flatMap((scenario) => faultsOf(scenario).map((fault) => ({ scenario, fault })));
const reason = whyNot();
let compiled = '';
let library = '';

beforeAll(() => {
  if (reason !== undefined) return;
  compiled = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
  compileInto(compiled, ['test/nth/host.ts', 'test/nth/one-read-host.ts']);
  library = buildLibrary(compiled);
});
afterAll(() => {
  if (compiled !== '') rmSync(compiled, { recursive: true, force: true });
});

describe.skipIf(reason !== undefined)(
  `a gateway of which a call fails${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    test('keeps every promise, whichever call it is and in whichever way it fails', {
      timeout: WHOLE_MAX_MS,
    }, async () => {
      const loops = RUNS === undefined ? share(SEED) : all;

      const results = await runLoops({
        compiled,
        library,
        loops,
        runsMax: RUNS ?? SHARE_RUNS,
        seed: SEED,
        onLoop: RUNS === undefined ? () => {} : (result) => console.log(summaryOf(result)),
      });

      expect(problemsOf(results), `NTH_SEED=${SEED}`).toEqual([]);
      expect(results).toHaveLength(loops.length);
      // Each has had something to fail, or it would show nothing.
      for (const { runs } of results) expect(runs.some(({ failed }) => failed > 0)).toBe(true);
    });

    test('opens a healthy file, or says what the disk has said, whichever single read fails', () => {
      const openings = openingsOf(compiled);

      expect(openings.filter(({ isSetAside }) => isSetAside)).toEqual([]);
      for (const { thrown } of openings) expect(thrown).toMatch(/^$|I\/O error/);
      for (const name of ['outbox.db', 'store.db'])
        expect(openings.filter((one) => one.name === name && one.thrown === '').length).toBeGreaterThan(3);
    });

    test('twin: where damage is believed that is met once, files are set aside that are whole', () => {
      const hasty = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
      onTestFinished(() => rmSync(hasty, { recursive: true, force: true }));
      cpSync(compiled, hasty, { recursive: true });
      edit(join(hasty, 'lib/base/damaged-file.js'), [
        [
          'if (!isDamage(error))',
          'if (isDamage(error)) { setAside(messageOf(error)); return open(); } if (!isDamage(error))',
        ],
      ]);

      expect(openingsOf(hasty).filter(({ isSetAside }) => isSetAside).length).toBeGreaterThan(3);
    });

    test('twin: an outbox that takes a failed commit for done is found out', {
      timeout: 240_000,
    }, async () => {
      const forgetful = mkdtempSync(join(tmpdir(), 'sensorgw-compiled-'));
      compileInto(forgetful, ['test/nth/host.ts']);
      edit(join(forgetful, 'lib/flow/outbox/open-outbox.js'), [
        [
          'commits.run(() => appendRows(readings));',
          'try { commits.run(() => appendRows(readings)); } catch {}',
        ],
        ['hi: commits.nextSeq() - 1 }', 'hi: lo + readings.length - 1 }'],
      ]);

      const results = await runLoops({
        compiled: forgetful,
        library,
        loops: [{ scenario: 'outage', fault: 'full from then on' }],
        runsMax: 2,
        seed: 1,
      });

      rmSync(forgetful, { recursive: true, force: true });
      expect(problemsOf(results).join('\n')).toContain('lost: ');
    });
  },
);

/** What becomes of files that are whole, with each read failing once. */
function openingsOf(code: string): Opening[] {
  const dir = mkdtempSync(join(tmpdir(), 'sensorgw-nth-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'data'));
  createFaultPage(join(dir, 'page'));
  const env = {
    ...process.env,
    UV_USE_IO_URING: '0',
    NTH_DIR: join(dir, 'data'),
    NTH_CONTROL: join(dir, 'page'),
    LD_PRELOAD: library,
  };
  const said = execFileSync(process.execPath, [join(code, 'test/nth/one-read-host.js')], {
    encoding: 'utf8',
    env,
  });
  return said
    .trim()
    .split('\n')
    .map((line): Opening => JSON.parse(line));
}

/** A book of tickets speaks to nobody. */
function faultsOf(scenario: ScenarioName): readonly FaultName[] {
  return scenario === 'tickets' ? FAULT_NAMES.filter(befallsFiles) : FAULT_NAMES;
}

/** One loop of each scenario: another fault with another seed, all of them in a row of seeds. */
function share(seed: number): LoopName[] {
  const random = createSeededRandom(seed);
  return SCENARIO_NAMES.flatMap((scenario) => {
    const faults = faultsOf(scenario);
    const fault = faults[Math.floor(random.fraction() * faults.length)];
    return fault === undefined ? [] : [{ scenario, fault }];
  });
}

function edit(file: string, changes: readonly (readonly [from: string, to: string])[]): void {
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} does not say ${from} any more`);
    text = text.replace(from, to);
  }
  writeFileSync(file, text);
}

function whyNot(): string | undefined {
  for (const [command, what] of [
    ['cc', 'there is no C compiler'],
    ['python3', 'there is no Python'],
  ] as const)
    if (spawnSync(command, ['--version']).status !== 0) return what;
  return existsSync(join(ROOT, 'node_modules/sd-notify/build'))
    ? undefined
    : 'the sd-notify addon is not built';
}
