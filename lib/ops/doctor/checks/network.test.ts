import { expect, it } from 'vitest';
import { found, INSTALLED } from '../../../../test/support/doctor-rig.ts';
import type { Answered } from '../probe.ts';
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

it("the write API of this machine is another step's affair", async () => {
  expect(await found(networkDestinations, {})).toMatchObject({ verdict: 'pass' });
});
