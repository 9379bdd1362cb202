/**
 * Our own rules as tests: who may import whom, where time, chance and the process come from, and that
 * documents, units, shell and code say the same. Each rule is first shown a sample that breaks it,
 * because a rule that cannot fail holds nothing.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../lib/base/setting-tree.ts';
import { CHIP_DRIVERS } from '../lib/flow/acquire/sources/i2c/chips/index.ts';
import { CHECKS } from '../lib/ops/doctor/checks/index.ts';
import { COMMANDS } from '../src/commands/index.ts';
import { API_PORT } from '../src/wiring/api-settings.ts';
import { apiSocketPath } from '../src/wiring/names.ts';
import { SETTINGS } from '../src/wiring/settings.ts';
import { commandViolations } from './support/command-rules.ts';
import {
  arrowViolations,
  type Ban,
  banViolations,
  decisionViolations,
  disagreements,
  type Files,
  homeViolations,
  idleExceptions,
  lengthViolations,
  missingTests,
  openingViolations,
  parseUnit,
  wordViolations,
} from './support/house-rules.ts';
import { faultViolations, promiseViolations } from './support/promise-rules.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FILES = readTree(ROOT);

const CODE_LINES_MAX = 400;
/** Path -> why it may be longer. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'lib/flow/write-api/server.test.ts': 'The whole surface of the wire, an example for each answer.',
  'test/contract/readings-store.contract.ts': 'One suite that every store must pass as a whole.',
};

const CLOCK: Ban = {
  what: 'a clock of its own (Date, setTimeout, performance): time is handed in',
  // A socket's own idle limit is the socket's affair: it measures the other side, not our pace.
  pattern: /\bDate\.now\b|\bnew Date\(\)|(?<!\bsocket\.)\bset(Timeout|Interval)\b|\bperformance\.now\b/,
  within: /./,
  except: {
    'lib/base/clock.ts': 'It is the clock.',
  },
};

const BANS: readonly Ban[] = [
  CLOCK,
  {
    what: 'chance of its own (Math.random, randomUUID): chance is handed in',
    pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/,
    within: /./,
    except: { 'lib/base/random.ts': 'It is the source of chance.' },
  },
  {
    what: 'console: what a program says goes through its log or its output',
    pattern: /\bconsole\./,
    within: /./,
    except: {},
  },
  {
    what: 'the process (env, signals, argv): only src/ touches it',
    pattern: /\bprocess\.(?!memoryUsage)|'node:process'/,
    within: /^lib\//,
    except: { 'lib/base/clock.ts': 'process.hrtime is the monotonic clock.' },
  },
  {
    what: 'async: a transaction would commit before its work is done',
    pattern: /\basync\b|\bawait\b/,
    within: /^lib\/flow\/outbox\//,
    except: {},
  },
];

/** Written in pieces, so that this file passes its own rule. */
const OTHER_PEOPLES_WORDS = [
  new RegExp(`/${'work'}/`),
  new RegExp(`/${'tmp'}/brief`),
  new RegExp(`registry\\.${'npmjs'}`),
  new RegExp(`\\bsub${'agents?'}\\b`, 'i'),
];

describe('the arrows of the house', () => {
  it('an import against the arrows is found', () => {
    const sample = files({ 'lib/flow/acquire/x.ts': "import { y } from '../sync/y.ts';" });

    expect(arrowViolations(sample)).toHaveLength(1);
    expect(arrowViolations(files({ 'lib/flow/sync/x.ts': "import { o } from '../outbox/o.ts';" }))).toEqual(
      [],
    );
    expect(arrowViolations(files({ 'lib/base/x.ts': "await import('../ops/o.ts')" }))).toHaveLength(1);
  });

  it('every import follows the arrows', () => {
    expect(arrowViolations(FILES)).toEqual([]);
  });

  it('a third-party package away from its home is found', () => {
    expect(homeViolations(files({ 'lib/ops/x.ts': "import pino from 'pino';" }))).toHaveLength(1);
    expect(homeViolations(files({ 'lib/base/x.ts': "import left from 'left-pad';" }))).toHaveLength(1);
  });

  it('every third-party package has one home', () => {
    expect(homeViolations(FILES)).toEqual([]);
  });
});

describe('what comes from outside is handed in', () => {
  it.each([
    ['lib/flow/x.ts', 'const at = Date.now();'],
    ['lib/ops/x.ts', 'const at = new Date();'],
    ['src/x.ts', 'setTimeout(() => {}, 1);'],
    ['lib/flow/x.ts', 'if (Math.random() > 0.5) go();'],
    ['src/commands/x.ts', "console.log('hello');"],
    ['lib/base/x.ts', 'const home = process.env.HOME;'],
    ['lib/flow/outbox/x.ts', 'async function append() {}'],
  ])('%s with "%s" is found', (path, code) => {
    expect(banViolations(files({ [path]: code }), BANS)).toHaveLength(1);
  });

  it('a comment may speak of what the code may not do', () => {
    const sample = files({ 'lib/flow/x.ts': '/** Not Date.now(). */\nuse(clock); // Not Date.now().\n' });

    expect(banViolations(sample, BANS)).toEqual([]);
  });

  it('no clock, chance, console or process where it does not belong, no async in the outbox', () => {
    expect(banViolations(FILES, BANS)).toEqual([]);
  });

  it('every exception to this is still needed', () => {
    const sample: Ban = { ...CLOCK, except: { 'lib/x.ts': 'It was a clock.' } };

    expect(idleExceptions(files({ 'lib/x.ts': 'use(clock);' }), [sample])).toHaveLength(1);
    expect(idleExceptions(FILES, BANS)).toEqual([]);
  });
});

describe('files', () => {
  it('every file opens with its promise', () => {
    expect(openingViolations(files({ 'lib/x.ts': 'export const x = 1;' }))).toHaveLength(1);
    expect(openingViolations(FILES)).toEqual([]);
  });

  it(`no file of code is longer than ${CODE_LINES_MAX} lines`, () => {
    expect(
      lengthViolations(files({ 'lib/x.ts': '\n'.repeat(CODE_LINES_MAX + 1) }), CODE_LINES_MAX),
    ).toHaveLength(1);
    const long = lengthViolations(FILES, CODE_LINES_MAX).map((violation) => violation.split(' ')[0] ?? '');
    expect(disagreements(['the long files', long], ['the exceptions', Object.keys(LONG_FILES)])).toEqual([]);
  });

  it('the project speaks of itself alone', () => {
    expect(wordViolations(files({ 'README.md': `see /${'work'}/x` }), OTHER_PEOPLES_WORDS)).toHaveLength(1);
    expect(wordViolations(FILES, OTHER_PEOPLES_WORDS)).toEqual([]);
  });
});

describe('documents and code agree', () => {
  it('a difference is found in both directions', () => {
    expect(disagreements(['code', ['A', 'B']], ['document', ['B', 'C']])).toEqual([
      'A is in code but not in document',
      'C is in document but not in code',
    ]);
  });

  it('docs/errors.md lists exactly the codes that exist', () => {
    const inCode = textOf('lib/base/errors.ts').matchAll(/^ {2}(SGW_[A-Z_]+):/gm);
    const inDocument = textOf('docs/errors.md').matchAll(/^(?:#+ |\| )`?(SGW_[A-Z_]+)/gm);

    expect(
      disagreements(['lib/base/errors.ts', firsts(inCode)], ['docs/errors.md', firsts(inDocument)]),
    ).toEqual([]);
  });

  it('docs/settings.md lists exactly the settings that exist', () => {
    const inCode = [...settingsOf(SETTINGS)].flatMap(({ path, node }) =>
      node.node === 'list'
        ? [...settingsOf(node.entry)].map((inner) => `${path.join('.')}[].${inner.path.join('.')}`)
        : [path.join('.')],
    );
    const inDocument = textOf('docs/settings.md').matchAll(/^\| `([a-z0-9_.[\]]+)` \|/gm);

    expect(disagreements(['the settings', inCode], ['docs/settings.md', firsts(inDocument)])).toEqual([]);
  });

  it('docs/sensors.md lists exactly the chips that there are drivers for, where they can be and what they give', () => {
    const inCode = CHIP_DRIVERS.map(
      ({ type, addresses, metrics }) =>
        `${type}: ${spanOf(addresses)}: ${metrics.map((one) => one.metric).join(', ')}`,
    );
    const rows = textOf('docs/sensors.md').matchAll(/^\| `([a-z0-9]+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|/gm);
    const inDocument = [...rows].map(([, type, addresses, metrics]) => `${type}: ${addresses}: ${metrics}`);

    expect(disagreements(['the drivers', inCode], ['docs/sensors.md', inDocument])).toEqual([]);
  });

  it('docs/operations.md lists exactly the checks of the doctor, with what each asks', () => {
    const inCode = CHECKS.map(({ name, asks }) => `${name}: ${asks}`);
    const rows = textOf('docs/operations.md').matchAll(/^\| `((?:[a-z0-9]+-)+[a-z0-9]+)` \| (.+\?) \|$/gm);
    const inDocument = [...rows].map(([, name, asks]) => `${name}: ${asks}`);

    expect(disagreements(['the checks', inCode], ['docs/operations.md', inDocument])).toEqual([]);
  });

  it('a test that a document names and that does not exist is found', () => {
    const sample = files({
      'a.test.ts': "it('works', () => {});\ntest.for(TABLE.map((row) => [row.name]))('%s swims', () => {});",
      'A.md': '`a.test.ts` "works", `a.test.ts` "%s swims", "flies"',
    });

    expect(missingTests('A.md', sample)).toEqual(['A.md names "flies", which is not a test in a.test.ts']);
    expect(missingTests('B.md', sample)).toEqual(['B.md names no test']);
  });

  it.each(['INCIDENT_ANALYSIS.md', 'docs/robustness.md'])('every test that %s names exists', (document) => {
    expect(missingTests(document, FILES)).toEqual([]);
  });

  it('docs/robustness.md says of each fault what we promise, which test shows it, and what it observed', () => {
    expect(faultViolations(textOf('docs/robustness.md'))).toEqual([]);
  });

  it('every promise of the README leads to its proof', () => {
    expect(promiseViolations(textOf('README.md'), 'What we promise', textOf('docs/robustness.md'))).toEqual(
      [],
    );
  });

  it('a command of sensorctl that there is not, or an option that it does not have, is found', () => {
    const sample = files({
      'lib/ops/x.ts': "hint: 'Unplug it; sensorctl sensors buses',",
      'README.md': 'Run `sensorctl status --watch`, `sensorctl help why` and `sensorctl repair`.',
      'docs/x.md': 'sensorctl sensors scan --loudly | sensorctl sensors --help',
      'setup.sh': 'sensorctl config sample >"$file" # sensorctl cannot do harm',
    });

    expect(commandViolations(sample, COMMANDS)).toEqual([
      'lib/ops/x.ts: there is no "sensorctl sensors buses"',
      'README.md: there is no "sensorctl repair"',
      'docs/x.md: there is no "sensorctl sensors scan --loudly"',
    ]);
  });

  it('every command of sensorctl that somebody is told to run exists, with its options', () => {
    expect(commandViolations(FILES, COMMANDS)).toEqual([]);
  });

  it('a hole in the numbers of the decisions, or a page that is not listed, is found', () => {
    expect(decisionViolations(['0001-a.md', '0003-b.md'], '[a](0001-a.md)')).toHaveLength(2);
  });

  it('decisions are numbered without holes and listed', () => {
    const names = readdirSync(join(ROOT, 'docs/decisions'));

    expect(decisionViolations(names, textOf('docs/decisions/README.md'))).toEqual([]);
  });

  it('the circuit lines that the README tells people to grep for are the ones that are written', () => {
    for (const line of [
      'Circuit breaker OPEN - ',
      'Circuit breaker HALF_OPEN - ',
      'Circuit breaker CLOSED - ',
    ]) {
      expect(textOf('lib/ops/circuit-lines.ts')).toContain(line);
    }
    expect(textOf('README.md')).toContain('journalctl -u sensor-main | grep -i "circuit breaker"');
  });
});

describe('units, shell and code agree', () => {
  const UNITS = [
    { program: 'sensor-main', memory: '512M', tasks: '200', oomScore: '-500' },
    { program: 'sensor-api-write', memory: '256M', tasks: '100', oomScore: '-500' },
    // What it holds is stored: it goes first when there is no memory left.
    { program: 'sensor-monitor', memory: '256M', tasks: '100', oomScore: '500' },
  ];

  it.each(UNITS)(
    'the unit of $program starts a program that exists, within the limits that we promise',
    (promised) => {
      const unit = parseUnit(textOf(`${promised.program}.service`));

      expect(existsSync(join(ROOT, `src/${promised.program}.ts`))).toBe(true);
      expect(Object.fromEntries([...unit].map(([key, values]) => [key, values.at(-1)]))).toMatchObject({
        'Service.ExecStart': `/usr/bin/node /opt/sensor-gateway/current/dist/src/${promised.program}.js`,
        'Service.Type': 'notify',
        'Service.NotifyAccess': 'main',
        'Service.WatchdogSec': '30',
        'Service.Restart': 'on-failure',
        'Service.RestartPreventExitStatus': '78',
        'Service.MemoryMax': promised.memory,
        'Service.Environment': `SENSORGW_UNIT_MEMORY_MIB=${promised.memory.replace('M', '')}`,
        'Service.CPUQuota': '75%',
        'Service.TasksMax': promised.tasks,
        'Service.OOMScoreAdjust': promised.oomScore,
      });
      // V8 compiles at run time: under it Node does not even start.
      expect(unit.has('Service.MemoryDenyWriteExecute')).toBe(false);
    },
  );

  it.each(UNITS)('the start limit of $program can be reached at its restart pace', ({ program }) => {
    const unit = parseUnit(textOf(`${program}.service`));
    const seconds = (key: string) => Number(unit.get(key)?.[0]);

    expect(seconds('Unit.StartLimitBurst') * seconds('Service.RestartSec')).toBeLessThan(
      seconds('Unit.StartLimitIntervalSec'),
    );
  });

  it('the recovery script knows the units, the health files, the socket and the port', () => {
    const script = textOf('monitor_and_recover.sh');

    for (const { program } of UNITS) expect(script).toContain(`${program}.service`);
    for (const program of ['sensor-main', 'sensor-monitor'])
      expect(script).toContain(`/${program}.health.json`);
    expect(script).toContain(`http://127.0.0.1:${API_PORT}/livez`);
    expect(script).toContain(`}${apiSocketPath('/')}"`);
    // The unit makes the directory of its notes as the script does: between the two nobody is to be kept out.
    const mode = /chmod (\d+) "\$NOTES_DIR"/.exec(script)?.[1];
    expect(parseUnit(textOf('deploy/sensor-recover.service')).get('Service.RuntimeDirectoryMode')).toEqual([
      `0${mode}`,
    ]);
  });
});

/** `0x48 to 0x4b`, or one after the other where they are two or do not follow each other. */
function spanOf(addresses: readonly number[]): string {
  const [first, ...rest] = addresses.map((address) => `0x${address.toString(16).padStart(2, '0')}`);
  const isRow = addresses.every((address, i) => address === (addresses[0] ?? 0) + i);
  return isRow && rest.length > 1 ? `${first} to ${rest.at(-1)}` : [first, ...rest].join(', ');
}

function firsts(matches: Iterable<RegExpMatchArray>): string[] {
  return [...matches].map((match) => match[1] ?? '');
}

function textOf(path: string): string {
  return FILES.get(path) ?? expect.fail(`${path} does not exist`);
}

function files(texts: Record<string, string>): Files {
  return new Map(Object.entries(texts));
}

function readTree(root: string): Files {
  const left = new Set(['.git', 'node_modules', 'dist', 'data', 'coverage', 'package-lock.json']);
  const found = new Map<string, string>();
  const look = (dir: string) => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (left.has(entry.name)) continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory()) look(path);
      else if (entry.isFile()) found.set(relative(root, path), readFileSync(path, 'utf8'));
    }
  };
  look(root);
  return found;
}
