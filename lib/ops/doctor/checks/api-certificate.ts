/** A certificate that ends, or whose key others have, ends the trust of every gateway that delivers here. */

import { messageOf } from '../../../base/errors.ts';
import { certificatesIn, judgeValidity, validityOf } from '../certificates.ts';
import { type Check, type Finding, fail, notApplicable } from '../finding.ts';
import type { Probe } from '../probe.ts';
import { mayRead, modeInWords, serviceUser } from '../service-user.ts';

const RENEW = 'Renew it, then: sudo systemctl restart sensor-api-write';

export const apiCertificate: Check = {
  name: 'api-certificate',
  step: 'api',
  asks: 'is the certificate of the write API valid for a while, and is its key a secret?',
  async run(probe, { api, nowMs }) {
    const { tlsCertFile, tlsKeyFile } = api;
    if (tlsCertFile === undefined || tlsKeyFile === undefined)
      return notApplicable('it speaks no TLS itself');
    const trouble = await keyTrouble(probe, tlsKeyFile);
    if (trouble !== undefined) return trouble;
    const text = await probe.readFile(tlsCertFile);
    if (text === undefined) return fail(`${tlsCertFile} does not exist`, RENEW);
    try {
      const certificates = certificatesIn(text);
      if (certificates.length === 0) return fail(`there is no certificate in ${tlsCertFile}`, RENEW);
      return judgeValidity(validityOf(`the certificate in ${tlsCertFile}`, certificates), nowMs, RENEW);
    } catch (error) {
      return fail(`${tlsCertFile} cannot be read as a certificate: ${messageOf(error)}`, RENEW);
    }
  },
};

async function keyTrouble(probe: Probe, file: string): Promise<Finding | undefined> {
  const stat = await probe.stat(file, { follow: true });
  if (stat === undefined) return fail(`${file} does not exist`, RENEW);
  const service = await serviceUser(probe);
  const seen = `${file} has mode ${modeInWords(stat.mode)}`;
  const fix =
    service === undefined
      ? `chmod 0600 ${file}`
      : `sudo chown root:${service.name} ${file} && sudo chmod 0640 ${file}`;
  if (stat.mode & 0o006) return fail(`${seen}: every user may read or change the key`, fix);
  if (service === undefined || mayRead(service, stat)) return undefined;
  return fail(`${seen} and ${service.name} may not read it`, fix);
}
