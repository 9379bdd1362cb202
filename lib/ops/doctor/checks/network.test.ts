import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { found, INSTALLED } from '../../../../test/support/doctor-rig.ts';
import type { Answered } from '../probe.ts';
import { networkCertificates } from './network-certificates.ts';
import { networkDestinations } from './network-destinations.ts';

const HQ = { name: 'hq', url: 'https://hq.example', tokenFile: undefined, caFile: undefined };
const ours = { 'sensorgw-api': 'sensor-api-write/0.1.0; schema=1' };
const dated = (offsetMs: number) => ({ date: new Date(INSTALLED.nowMs + offsetMs).toUTCString() });
const answer = (headers: Record<string, string>): Answered => ({ status: 200, headers, body: '' });

it.each([
  ['answers', answer({ ...ours, ...dated(2_000) }), 'pass', 'our write API'],
  ['is of another time', answer({ ...ours, ...dated(-300_000) }), 'warn', '300 s behind ours'],
  ['is a login page', answer({ ...dated(0) }), 'fail', 'not our write API'],
  ['cannot be found', { error: 'ENOTFOUND' }, 'warn', 'ENOTFOUND'],
  [
    'has a certificate of nobody',
    { error: 'SELF_SIGNED_CERT_IN_CHAIN' },
    'warn',
    'SELF_SIGNED_CERT_IN_CHAIN',
  ],
] as const)('a destination elsewhere that %s', async (_what, answered, verdict, evidence) => {
  const answers = { 'https://hq.example/health': answered };

  expect(
    await found(networkDestinations, { answers }, { destinations: [...INSTALLED.destinations, HQ] }),
  ).toMatchObject({
    verdict,
    evidence: expect.stringContaining(evidence),
  });
});

const DAY_MS = 86_400_000;
const shown = (days: number): Answered => ({
  status: 200,
  headers: ours,
  body: '',
  certificateUntilAt: INSTALLED.nowMs + days * DAY_MS,
});
const CA = '/etc/sensor-gateway/ca.pem';
const PEM = readFileSync(new URL('../../../../test/fixtures/loopback-tls/cert.pem', import.meta.url), 'utf8');

it.each([
  ['is good for a year', shown(365), PEM, 'pass', 'hq (hq.example) is valid for 365 days more'],
  ['ends soon', shown(20), PEM, 'warn', 'expires in 20 days, on 2026-02-04'],
  ['has ended', shown(-1), PEM, 'fail', 'has expired on 2026-01-14'],
  ['does not answer', { error: 'ECONNREFUSED' }, PEM, 'pass', `the authority in ${CA} is valid for`],
  ['has an authority that is no certificate', shown(365), 'words', 'fail', 'there is no certificate in'],
  [
    'has an authority that is garbage',
    shown(365),
    '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n',
    'fail',
    'cannot be read as a certificate',
  ],
] as const)('the certificate of a destination that %s', async (_what, answered, pem, verdict, evidence) => {
  const recording = { answers: { 'https://hq.example/health': answered }, files: { [CA]: pem } };
  const destinations = [...INSTALLED.destinations, { ...HQ, caFile: CA }];

  expect(await found(networkCertificates, recording, { destinations })).toMatchObject({
    verdict,
    evidence: expect.stringContaining(evidence),
  });
});

it('an authority that ends, or has not begun, is told of', async () => {
  const files = { [CA]: PEM };
  const destinations = [{ ...HQ, caFile: CA }];
  const at = (nowMs: number) => found(networkCertificates, { files }, { destinations, nowMs });

  expect(await at(Date.UTC(2119, 11, 31))).toMatchObject({ verdict: 'warn' });
  expect(await at(Date.UTC(2019, 0, 1))).toMatchObject({
    verdict: 'fail',
    evidence: expect.stringContaining('is not valid before 2020-01-01'),
  });
});

it("the write API of this machine is another step's affair", async () => {
  expect(await found(networkDestinations, {})).toMatchObject({ verdict: 'pass' });
});
