/** How long certificates are still good for. One that ends unnoticed stops every delivery at the same moment. */

import { X509Certificate } from 'node:crypto';
import { type Finding, fail, pass, warn } from './finding.ts';

const DAY_MS = 86_400_000;

/** Renewal by machines begins 30 days before the end: with less than this it has failed again and again. */
const SOON_DAYS = 21;

/** Those in a PEM file, one after the other. Throws what OpenSSL says of one that it cannot read. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

export interface Validity {
  /** For the finding: `the certificate of the write API (/etc/cert.pem)`. */
  readonly what: string;
  readonly fromAt?: number;
  readonly untilAt: number;
}

/** Of all the certificates in a file, which only hold together: from the latest beginning to the first end. */
export function validityOf(what: string, certificates: readonly X509Certificate[]): Validity {
  return {
    what,
    fromAt: Math.max(...certificates.map(({ validFrom }) => Date.parse(validFrom))),
    untilAt: Math.min(...certificates.map(({ validTo }) => Date.parse(validTo))),
  };
}

export function judgeValidity({ what, fromAt, untilAt }: Validity, nowMs: number, fix: string): Finding {
  const days = Math.floor((untilAt - nowMs) / DAY_MS);
  const end = new Date(untilAt).toISOString().slice(0, 10);
  if (untilAt <= nowMs) return fail(`${what} has expired on ${end}`, fix);
  if (fromAt !== undefined && fromAt > nowMs) {
    const begin = new Date(fromAt).toISOString().slice(0, 10);
    return fail(`${what} is not valid before ${begin}`, 'timedatectl; if the clock is right, renew it');
  }
  if (days < SOON_DAYS) return warn(`${what} expires in ${days} days, on ${end}`, fix);
  return pass(`${what} is valid for ${days} days more`);
}
