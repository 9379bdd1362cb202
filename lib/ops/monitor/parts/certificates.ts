/** Until when the certificates of remote destinations are valid, as they show them to whoever asks how they are. */

import type { CertificateLook } from '../../invariants/look.ts';
import type { PartLook } from './part.ts';

/** A certificate lives for weeks. */
const EVERY_MS = 3_600_000;

export const certificatesPart: PartLook = {
  part: 'certificates',
  everyMs: EVERY_MS,
  async look({ probe, place }) {
    const remote = place.destinations.filter(({ url }) => url.startsWith('https:'));
    if (remote.length === 0) return {};
    const certificates: Record<string, CertificateLook> = {};
    await Promise.all(
      remote.map(async ({ name, url, caFile }) => {
        const answered = await probe.fetch(`${url}/health`, { caFile });
        // That it does not answer is for others to say.
        const untilAt = 'error' in answered ? undefined : answered.certificateUntilAt;
        if (untilAt !== undefined) certificates[name] = { validUntilAt: untilAt };
      }),
    );
    return { certificates };
  },
};
