/** Destinations on other machines: there, ours, and of the same time as we are. */

import { API_IDENTITY_HEADER, parseApiIdentity } from '../../../flow/reading.ts';
import {
  type Check,
  type Destination,
  type Examined,
  type Finding,
  fail,
  notApplicable,
  pass,
  warn,
} from '../finding.ts';
import type { Probe } from '../probe.ts';

/** The `Date` of an answer has whole seconds, and the way takes time; more than this is a clock that is wrong. */
const APART_MAX_MS = 60_000;

export const networkDestinations: Check = {
  name: 'network-destinations',
  step: 'network',
  asks: 'do the destinations on other machines answer, and agree on the time?',
  async run(probe, subject) {
    const { destinations, apiUrl } = subject;
    const remote = destinations.filter(({ url }) => url !== apiUrl && !url.startsWith('unix:'));
    if (remote.length === 0) return notApplicable('everything is delivered on this machine');
    const findings = await Promise.all(remote.map((one) => judged(probe, one, subject)));
    return (
      findings.find(({ verdict }) => verdict === 'fail') ??
      findings.find(({ verdict }) => verdict === 'warn') ??
      pass(findings.map(({ evidence }) => evidence).join(', '))
    );
  },
};

async function judged(
  probe: Probe,
  { name, url, caFile }: Destination,
  time: Pick<Examined, 'nowMs'>,
): Promise<Finding> {
  const answer = await probe.fetch(`${url}/health`, { caFile });
  const { hostname } = new URL(url);
  if ('error' in answer) {
    return warn(
      `${name} (${url}) does not answer: ${answer.error}; readings wait for it in the outbox`,
      `getent hosts ${hostname}; curl -sS -o /dev/null -w '%{http_code}\\n' ${url}/health`,
    );
  }
  const identity = parseApiIdentity(answer.headers[API_IDENTITY_HEADER]);
  if (identity === undefined) {
    return fail(
      `${name} (${url}) is answered by a program that is not our write API (HTTP ${answer.status})`,
      `Correct url of the destination. A login page of the network? curl -i ${url}`,
    );
  }
  const apartMs = Date.parse(answer.headers.date ?? '') - time.nowMs;
  if (Math.abs(apartMs) > APART_MAX_MS) {
    return warn(
      `the clock of ${name} is ${Math.round(Math.abs(apartMs) / 1_000)} s ${apartMs > 0 ? 'ahead of' : 'behind'} ours`,
      'timedatectl, on both machines',
    );
  }
  return pass(`${name} is our write API ${identity.version}`);
}
