/** Certificates on the way to destinations: theirs, and those of the authorities that we were told to trust. */

import { messageOf } from '../../../base/errors.ts';
import { certificatesIn, judgeValidity, validityOf } from '../certificates.ts';
import { type Check, type Destination, type Finding, fail, notApplicable, pass } from '../finding.ts';
import type { Probe } from '../probe.ts';

export const networkCertificates: Check = {
  name: 'network-certificates',
  step: 'network',
  asks: 'are the certificates of the destinations, and of those who vouch for them, valid for a while?',
  async run(probe, { destinations, nowMs }) {
    const secured = destinations.filter(({ url }) => url.startsWith('https:'));
    if (secured.length === 0) return notApplicable('no destination is spoken to by TLS');
    const findings = (await Promise.all(secured.map((one) => judged(probe, one, nowMs)))).flat();
    return (
      findings.find(({ verdict }) => verdict === 'fail') ??
      findings.find(({ verdict }) => verdict === 'warn') ??
      pass(findings.map(({ evidence }) => evidence).join(', ') || 'no destination shows one now')
    );
  },
};

async function judged(probe: Probe, { name, url, caFile }: Destination, nowMs: number): Promise<Finding[]> {
  const [authority, answer] = await Promise.all([
    caFile === undefined ? [] : judgedFile(probe, caFile, nowMs),
    probe.fetch(`${url}/health`, { caFile }),
  ]);
  // That nobody answers, network-destinations says.
  if ('error' in answer || answer.certificateUntilAt === undefined) return authority;
  const what = `the certificate of ${name} (${new URL(url).host})`;
  return [
    ...authority,
    judgeValidity({ what, untilAt: answer.certificateUntilAt }, nowMs, 'Renew it on that machine.'),
  ];
}

async function judgedFile(probe: Probe, file: string, nowMs: number): Promise<Finding[]> {
  const text = await probe.readFile(file);
  const fix = `Put the certificate of the authority into ${file}, then: sudo systemctl restart sensor-main`;
  if (text === undefined) return [fail(`${file} does not exist`, fix)];
  try {
    const certificates = certificatesIn(text);
    if (certificates.length === 0) return [fail(`there is no certificate in ${file}`, fix)];
    // Of several one is enough: a new authority lies beside the old one for a while.
    const [longest] = certificates
      .map((one) => validityOf(`the authority in ${file}`, [one]))
      .sort((a, b) => b.untilAt - a.untilAt);
    return longest === undefined ? [] : [judgeValidity(longest, nowMs, fix)];
  } catch (error) {
    return [fail(`${file} cannot be read as a certificate: ${messageOf(error)}`, fix)];
  }
}
