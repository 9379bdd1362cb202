/** What the doctor says of a write API that other machines can reach: its tokens, its certificate, its key. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACCOUNTS, found, INSTALLED } from '../../../../test/support/doctor-rig.ts';
import { DENIED } from '../../../../test/support/recorded-probe.ts';
import { apiCertificate } from './api-certificate.ts';
import { apiTokens } from './api-tokens.ts';

const TOKENS = '/var/lib/sensor-gateway/tokens.json';
const CERT = '/etc/sensor-gateway/tls/cert.pem';
const KEY = '/etc/sensor-gateway/tls/key.pem';
const PEM = readFileSync(new URL('../../../../test/fixtures/loopback-tls/cert.pem', import.meta.url), 'utf8');
const text = (gateways: readonly string[]) =>
  JSON.stringify({
    version: 1,
    tokens: gateways.map((gateway) => ({ gateway, hash: 'a'.repeat(64), addedAt: 1 })),
  });
const OURS = { mode: 0o640, uid: 999, gid: 999 };

describe('tokens', () => {
  const reachable = { api: { ...INSTALLED.api, reachable: true } };
  const withTokens = (file: object | string) => ({ files: { ...ACCOUNTS, [TOKENS]: file } });

  it('are not asked for where only this machine can come in', async () => {
    expect(await found(apiTokens, {})).toMatchObject({ verdict: 'pass' });
  });

  it.each([
    ['of two gateways', { ...OURS, text: text(['attic', 'shed']) }, 'pass', '2 gateways have a token'],
    ['of one', { ...OURS, text: text(['attic']) }, 'pass', 'one gateway has a token'],
    ['of nobody', { ...OURS, text: text([]) }, 'warn', 'none can deliver'],
    ['that every user may write', { ...OURS, mode: 0o666, text: text(['attic']) }, 'fail', 'make a token'],
    ['that every user may read', { ...OURS, mode: 0o644, text: text(['attic']) }, 'warn', 'may read who'],
    [
      'that the service may not read',
      { mode: 0o600, uid: 0, gid: 0, text: text(['attic']) },
      'fail',
      'sensor-gateway may not read it',
    ],
    ['that are none', { ...OURS, text: '{}' }, 'fail', 'cannot use the tokens in'],
  ] as const)('a file %s', async (_what, file, verdict, evidence) => {
    expect(await found(apiTokens, withTokens(file), reachable)).toMatchObject({
      verdict,
      evidence: expect.stringContaining(evidence),
    });
  });

  it('no file is a warning with the command, and one behind a closed door is unknown', async () => {
    expect(await found(apiTokens, { files: ACCOUNTS }, reachable)).toMatchObject({
      verdict: 'warn',
      fix: 'sudo sensorctl token add NAME',
    });
    expect(await found(apiTokens, withTokens(DENIED), reachable)).toMatchObject({ verdict: 'unknown' });
  });
});

describe('the certificate', () => {
  const tls = { api: { ...INSTALLED.api, reachable: true, tlsCertFile: CERT, tlsKeyFile: KEY } };
  const key = { text: 'hush', mode: 0o640, uid: 0, gid: 999 };
  const machine = (cert: string, keyFile: object) => ({
    files: { ...ACCOUNTS, [CERT]: cert, [KEY]: keyFile },
  });

  it('is not asked for where there is none', async () => {
    expect(await found(apiCertificate, {})).toMatchObject({ verdict: 'pass' });
  });

  it.each([
    ['2026-01-15', 'pass', 'days more'],
    ['2119-12-20', 'warn', 'expires in 12 days, on 2120-01-01'],
    ['2120-01-02', 'fail', 'has expired on 2120-01-01'],
    ['2019-12-31', 'fail', 'is not valid before 2020-01-01'],
  ] as const)('from 2020 to 2120, on %s', async (day, verdict, evidence) => {
    const subject = { ...tls, nowMs: Date.parse(day) };

    expect(await found(apiCertificate, machine(PEM, key), subject)).toMatchObject({
      verdict,
      evidence: expect.stringContaining(evidence),
    });
  });

  it.each([
    ['is read by every user', { ...key, mode: 0o644 }, 'every user may read or change the key'],
    ['is not readable by the service', { ...key, mode: 0o600, gid: 0 }, 'sensor-gateway may not read it'],
  ])('a key that %s fails', async (_what, keyFile, evidence) => {
    const finding = await found(apiCertificate, machine(PEM, keyFile), tls);

    expect(finding).toMatchObject({ verdict: 'fail', evidence: expect.stringContaining(evidence) });
    expect(finding.evidence).not.toContain('hush');
  });

  it.each([
    ['is missing', '', 'there is no certificate'],
    ['is garbage', '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n', 'cannot be read'],
  ])('a certificate that %s fails', async (_what, cert, evidence) => {
    expect(await found(apiCertificate, machine(cert, key), tls)).toMatchObject({
      verdict: 'fail',
      evidence: expect.stringContaining(evidence),
    });
  });
});
