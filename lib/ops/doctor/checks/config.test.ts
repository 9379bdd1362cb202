import { expect, it } from 'vitest';
import { ACCOUNTS, found } from '../../../../test/support/doctor-rig.ts';
import { DENIED } from '../../../../test/support/recorded-probe.ts';
import { configAccess } from './config-access.ts';
import { configFile } from './config-file.ts';
import { configSecrets } from './config-secrets.ts';

const FILE = '/etc/sensor-gateway/config.yaml';
const TOKEN = '/etc/sensor-gateway/token';
const MENDED = `sudo chown root:sensor-gateway ${TOKEN} && sudo chmod 0640 ${TOKEN}`;
const WITH_TOKEN = {
  destinations: [{ name: 'hq', url: 'https://hq.example', tokenFile: TOKEN, caFile: undefined }],
};

it('a wrong configuration fails with what is wrong', async () => {
  const configProblem = {
    message: `${FILE}:3:5  sampling.interval: too short`,
    notPermitted: false,
    file: FILE,
  };

  expect(await found(configFile, {}, { configProblem })).toMatchObject({
    verdict: 'fail',
    evidence: `${FILE}:3:5  sampling.interval: too short`,
    fix: 'sensorctl config check',
  });
  expect(await found(configFile, {})).toMatchObject({ verdict: 'pass' });
});

it('a configuration that this user may not read is unknown, not wrong', async () => {
  const configProblem = { message: 'may not be read', notPermitted: true, file: FILE };

  expect(await found(configFile, {}, { configProblem, uid: 1000 })).toMatchObject({ verdict: 'unknown' });
});

it.each([
  ['everybody may change', { mode: 0o666, uid: 0, gid: 0 }, 'fail', `sudo chmod o-w ${FILE}`],
  [
    'the service may not read',
    { mode: 0o600, uid: 0, gid: 0 },
    'fail',
    `sudo chgrp sensor-gateway ${FILE} && sudo chmod g+r ${FILE}`,
  ],
  ['is as it is installed', { mode: 0o640, uid: 0, gid: 999 }, 'pass', undefined],
  ['is readable by all', { mode: 0o644, uid: 0, gid: 0 }, 'pass', undefined],
] as const)('a configuration that %s', async (_what, stat, verdict, fix) => {
  const finding = await found(configAccess, { files: { ...ACCOUNTS, [FILE]: { text: '', ...stat } } });

  expect([finding.verdict, finding.fix]).toEqual([verdict, fix]);
});

it.each([
  ['every user may read', { mode: 0o644, uid: 0, gid: 999 }, 'fail', MENDED],
  ['another group may read', { mode: 0o640, uid: 999, gid: 100 }, 'fail', MENDED],
  ['the service may not read', { mode: 0o600, uid: 0, gid: 0 }, 'fail', MENDED],
  ['root gives to the service', { mode: 0o640, uid: 0, gid: 999 }, 'pass', undefined],
  ['the service has for itself', { mode: 0o600, uid: 999, gid: 999 }, 'pass', undefined],
] as const)('a token that %s', async (_what, stat, verdict, fix) => {
  const files = { ...ACCOUNTS, [TOKEN]: { text: 'hush', ...stat } };

  const finding = await found(configSecrets, { files }, WITH_TOKEN);

  expect([finding.verdict, finding.fix]).toEqual([verdict, fix]);
  expect(finding.evidence).not.toContain('hush');
});

it('a token that is missing fails, one behind a closed door is unknown, and none is well', async () => {
  expect(await found(configSecrets, { files: ACCOUNTS }, WITH_TOKEN)).toMatchObject({ verdict: 'fail' });
  expect(await found(configSecrets, { files: { ...ACCOUNTS, [TOKEN]: DENIED } }, WITH_TOKEN)).toMatchObject({
    verdict: 'unknown',
  });
  expect(await found(configSecrets, { files: ACCOUNTS })).toMatchObject({ verdict: 'pass' });
});

it.each([
  ['is missing', {}, 'fail'],
  ['others may read', { '/etc/credstore/sensor-gateway.token': { text: 'hush', mode: 0o644 } }, 'fail'],
  ['root alone may read', { '/etc/credstore/sensor-gateway.token': { text: 'hush', mode: 0o600 } }, 'pass'],
] as const)(
  'a token in the credential store that %s, whether or not the service runs',
  async (_what, files, verdict) => {
    const tokenFile = '/run/credentials/sensor-main.service/token';
    const destinations = [{ name: 'hq', url: 'https://hq.example', tokenFile, caFile: undefined }];

    expect(await found(configSecrets, { files: { ...ACCOUNTS, ...files } }, { destinations })).toMatchObject({
      verdict,
    });
  },
);
