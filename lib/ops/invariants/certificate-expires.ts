/** A certificate that runs out stops every delivery at midnight; who watches it renews it by day. */

import { spanInWords } from '../clock-lines.ts';
import type { Invariant } from './invariant.ts';

/** Nobody should have to renew it on a weekend. */
const URGENT_MS = 3 * 86_400_000;

export const certificateExpires: Invariant = {
  name: 'certificate_expires',
  about:
    'the certificate of each remote destination is valid for longer than `invariants.certificate`, where the unit of the monitor lets it be asked (notifications.md)',
  severity: 'warning',
  hint: 'Renew the certificate on the machine of the destination (docs/collector.md)',
  // It is looked at once an hour, and does not change in between.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 1,
  parents: [],
  subjects: ({ watched }) =>
    watched.destinations.filter(({ url }) => url.startsWith('https:')).map(({ name }) => name),
  judge({ subject, look, limits }) {
    if (!look.watched.destinations.some(({ name, url }) => name === subject && url.startsWith('https:')))
      return 'gone';
    const certificate = look.certificates?.[subject];
    if (certificate === undefined) return 'unknown';
    const leftMs = certificate.validUntilAt - look.at;
    if (leftMs >= limits.certificateMs) return 'whole';
    const evidence = { valid_until_at: certificate.validUntilAt };
    const when = leftMs > 0 ? `expires in ${spanInWords(leftMs)}` : `expired ${spanInWords(-leftMs)} ago`;
    return {
      title: `the certificate of ${subject} ${when}`,
      evidence,
      ...(leftMs < URGENT_MS ? { severity: 'critical' } : {}),
    };
  },
};
