/** The command with its real probe, on this machine; what each check finds is told beside the checks. */

import { execFileSync } from 'node:child_process';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandRig } from '../../test/support/command-rig.ts';
import { doctor } from './doctor.ts';

function rigWithToken(mode: number) {
  const rig = commandRig();
  const token = join(rig.dataDir, 'token');
  const config = join(rig.dataDir, 'config.yaml');
  writeFileSync(token, 'canary-secret\n');
  chmodSync(token, mode);
  writeFileSync(
    config,
    `destinations:\n  - name: hq\n    url: https://hq.example\n    token_file: ${token}\n`,
  );
  rig.environment.SENSORGW_CONFIG = config;
  return { rig, token };
}

it('a secret that every user may read fails, with the command that mends it and without the secret', async () => {
  const { rig, token } = rigWithToken(0o644);

  const { exitCode, out } = await rig.run(doctor, { step: 'config' });

  expect(exitCode).toBe(1);
  expect(out.join('\n')).toContain(`FAIL     config-secrets  ${token} has mode 0644`);
  expect(out.join('\n')).toMatch(/-> .*chmod 06[04]0 /);
  expect(out.join('\n')).not.toContain('canary-secret');
});

it('when all is well it ends with 0 and a summary', async () => {
  const { rig } = rigWithToken(0o600);

  const { exitCode, out } = await rig.run(doctor, { step: 'config' });

  expect(exitCode).toBe(0);
  expect(out.at(-1)).toBe('4 passed, 0 warnings, 0 failed');
});

it('a configuration that is wrong is a finding, and the other steps are examined all the same', async () => {
  const rig = commandRig();
  rig.environment.SENSORGW_SAMPLING_INTERVAL = 'soon';

  const config = await rig.run(doctor, { step: 'config', json: true });
  const disk = await rig.run(doctor, { step: 'disk', json: true });

  expect(config.exitCode).toBe(1);
  expect(JSON.parse(config.out[0] ?? '')).toMatchObject({
    ok: false,
    findings: [
      { check: 'config-file', verdict: 'fail', evidence: expect.stringContaining('"soon"') },
      {},
      {},
      {},
    ],
  });
  expect(JSON.parse(disk.out[0] ?? '').findings).toHaveLength(5);
  expect(disk.out[0]).toContain(rig.dataDir);
});

it('--check says one line and ends as a Nagios plugin does', async () => {
  const good = await rigWithToken(0o600).rig.run(doctor, { step: 'config', check: true });
  const bad = await rigWithToken(0o644).rig.run(doctor, { step: 'config', check: true });

  expect(good).toMatchObject({
    exitCode: 0,
    out: ['SENSORGW OK - 4 passed, 0 warnings, 0 failed | pass=4 warn=0 fail=0 unknown=0'],
  });
  expect(bad.exitCode).toBe(2);
  expect(bad.out).toEqual([
    expect.stringMatching(/^SENSORGW CRITICAL - config-secrets: .* \| pass=3 warn=0 fail=1 unknown=0$/),
  ]);
});

it('a step that there is not is a usage error that names those there are', async () => {
  await expect(commandRig().run(doctor, { step: 'dsik' })).rejects.toThrow(
    'there is no "dsik"; there is config, data, disk',
  );
});

it('--bundle puts findings, configuration and states into one archive that its owner alone may read', async () => {
  const { rig } = rigWithToken(0o600);
  const file = join(rig.dataDir, 'report.tar.gz');

  const { notes } = await rig.run(doctor, { step: 'config', bundle: file });

  expect(notes).toEqual([`Written: ${file}. Look into it before you send it.`]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const unpacked = execFileSync('tar', ['-xzOf', file], { encoding: 'utf8' });
  expect(unpacked).toContain('4 passed, 0 warnings, 0 failed');
  expect(unpacked).toContain('token_file:');
  expect(unpacked).not.toContain('canary-secret');
  await expect(rig.run(doctor, { step: 'config', bundle: file })).rejects.toThrow(`${file} exists already`);
});
