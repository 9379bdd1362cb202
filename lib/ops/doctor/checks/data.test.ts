import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ACCOUNTS, found, INSTALLED } from '../../../../test/support/doctor-rig.ts';
import { DENIED, HANGS, type Recording, recordedProbe } from '../../../../test/support/recorded-probe.ts';
import { AT_ONCE } from '../few-at-once.ts';
import { dataDirectory } from './data-directory.ts';
import { dataEngine } from './data-engine.ts';
import { dataOutbox } from './data-outbox.ts';
import { dataQuarantine } from './data-quarantine.ts';
import { dataStore } from './data-store.ts';

const { dataDir } = INSTALLED;
const DIRECTORY = { kind: 'directory', mode: 0o750, uid: 999, gid: 999 } as const;

it.each([
  [
    'everybody may change',
    { [dataDir]: { ...DIRECTORY, mode: 0o777 } },
    'fail',
    `sudo chmod 0750 ${dataDir}`,
  ],
  [
    'everybody may look into',
    { [dataDir]: { ...DIRECTORY, mode: 0o755 } },
    'warn',
    `sudo chmod o-rwx ${dataDir}`,
  ],
  [
    'belongs to somebody else',
    { [dataDir]: { ...DIRECTORY, uid: 1000 } },
    'fail',
    `sudo chown -R sensor-gateway: ${dataDir}`,
  ],
  [
    'holds a file of root',
    { [dataDir]: DIRECTORY, [`${dataDir}/outbox.db-wal`]: { text: '', uid: 0 } },
    'fail',
    `sudo chown -R --reference=${dataDir} ${dataDir}`,
  ],
  ['is a file', { [dataDir]: 'hello' }, 'fail', 'Correct data_dir.'],
  ["is the service's alone", { [dataDir]: DIRECTORY, [`${dataDir}/outbox.db`]: 'SQLite' }, 'pass', undefined],
] as const)('a data directory that %s', async (_what, files, verdict, fix) => {
  const finding = await found(dataDirectory, { files: { ...ACCOUNTS, ...files } });

  expect([finding.verdict, finding.fix]).toEqual([verdict, fix]);
});

it('a data directory with a crowd of files is not looked at all at once', async () => {
  const crowd = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`${dataDir}/backup-${i}.db`, 'SQLite']),
  );
  const probe = recordedProbe({ files: { ...ACCOUNTS, [dataDir]: DIRECTORY, ...crowd } });
  const under = { way: 0, most: 0 };

  const finding = await dataDirectory.run(
    {
      ...probe,
      async stat(path) {
        under.way += 1;
        under.most = Math.max(under.most, under.way);
        await setImmediate();
        under.way -= 1;
        return probe.stat(path);
      },
    },
    INSTALLED,
  );

  expect(finding).toMatchObject({ verdict: 'pass' });
  expect(under).toEqual({ way: 0, most: AT_ONCE });
});

it('a data directory that is missing fails, and one behind a closed door is unknown', async () => {
  expect(await found(dataDirectory, { files: ACCOUNTS })).toMatchObject({ verdict: 'fail' });
  expect(await found(dataDirectory, { files: { [dataDir]: DENIED } }, { uid: 1000 })).toMatchObject({
    verdict: 'unknown',
  });
});

const ADDON = `"${INSTALLED.packageDir}/node_modules/better-sqlite3"`;
const ENGINE = [
  `/usr/bin/node -p new (require(${ADDON}))(':memory:').prepare('SELECT sqlite_version()').pluck().get()`,
  `(require('fs').readFileSync(${ADDON} + '/build/Release/better_sqlite3.node').includes('RemoveEnvironmentCleanupHook') ? ' RemoveEnvironmentCleanupHook' : '')`,
].join(' + ');

it.each([
  ['3.53.0\n', 'pass', 'SQLite 3.53.0'],
  ['3.51.2\n', 'fail', 'SQLite 3.51.2 can lose committed rows'],
  ['3.46.1\n', 'fail', 'SQLite 3.46.1 can lose committed rows'],
  ['3.53.0 RemoveEnvironmentCleanupHook\n', 'fail', 'compiled against Node 24.19 or newer'],
] as const)('an SQLite that says %j', async (stdout, verdict, evidence) => {
  const finding = await found(dataEngine, { commands: { [ENGINE]: stdout } });

  expect(finding).toMatchObject({ verdict, evidence: expect.stringContaining(evidence) });
});

it('an SQLite that was compiled for another Node says so in the words of Node', async () => {
  const stderr =
    "node:internal/modules/cjs/loader:1\n\nError: The module 'better_sqlite3.node' was compiled against a different Node.js version\n    at x\n";

  const finding = await found(dataEngine, { commands: { [ENGINE]: { code: 1, stderr } } });

  expect(finding.verdict).toBe('fail');
  expect(finding.evidence).toContain('was compiled against a different Node.js version');
});

const ASKED = { outbox: 'outbox stat', store: 'readings --limit 1' };

function answering(what: keyof typeof ASKED, answer: string | object | 'hangs:'): Recording {
  const line = `/usr/bin/node ${INSTALLED.sensorctl} ${ASKED[what]} --json --data-dir ${dataDir}`;
  return { commands: { [line]: typeof answer === 'string' ? answer : { ...answer } } };
}

it('an outbox that opens passes, and one with dead letters is worth a look', async () => {
  expect(await found(dataOutbox, answering('outbox', '{"rows":12,"dead_letters":0}'))).toMatchObject({
    verdict: 'pass',
    evidence: '12 rows, no dead letters',
  });
  expect(await found(dataOutbox, answering('outbox', '{"rows":12,"dead_letters":2}'))).toMatchObject({
    verdict: 'warn',
    fix: 'sensorctl dead list',
  });
});

const MISSING = {
  code: 69,
  stderr: `sensorctl: ${dataDir}/outbox.db does not exist\nIs the data directory right? (SGW_DATABASE_MISSING)\n`,
};
const TOO_NEW = {
  code: 78,
  stderr:
    'sensorctl: outbox.db has schema 9; this version knows up to 4\nInstall that version again. (SGW_SCHEMA_TOO_NEW)\n',
};
const NO_CONFIG = {
  code: 78,
  stderr:
    'sensorctl: config.yaml may not be read by this user. Nothing was started.\nSee who may: ls -l config.yaml (SGW_CONFIG_UNREADABLE)\n',
};
const CLOSED = {
  code: 73,
  stderr: 'sensorctl: cannot use outbox.db: EACCES\nTry sudo. (SGW_DATA_DIR_UNUSABLE)\n',
};

it.each([
  [dataOutbox, 'outbox', MISSING, 'warn', 'sudo systemctl start sensor-main'],
  [dataStore, 'store', MISSING, 'pass', undefined],
  [dataOutbox, 'outbox', TOO_NEW, 'fail', 'Install that version again.'],
  [dataStore, 'store', TOO_NEW, 'fail', 'Install that version again.'],
  [dataOutbox, 'outbox', CLOSED, 'unknown', 'sudo sensorctl doctor --step data'],
  [dataStore, 'store', CLOSED, 'unknown', 'sudo sensorctl doctor --step data'],
  [dataOutbox, 'outbox', NO_CONFIG, 'unknown', 'sudo sensorctl doctor --step data'],
  [dataOutbox, 'outbox', HANGS, 'fail', 'Does a disk or mount hang? findmnt; dmesg | tail'],
] as const)('%o with the %s answering %j', async (check, what, answer, verdict, fix) => {
  const finding = await found(check, answering(what, answer), { uid: 1000 });

  expect([finding.verdict, finding.fix]).toEqual([verdict, fix]);
});

it('a file in quarantine is worth a look', async () => {
  const files = { [`${dataDir}/quarantine/20260115T160935Z/outbox.db`]: 'broken' };

  expect(await found(dataQuarantine, { files })).toMatchObject({
    verdict: 'warn',
    evidence: expect.stringContaining('20260115T160935Z'),
  });
  expect(await found(dataQuarantine, {})).toMatchObject({ verdict: 'pass' });
});
