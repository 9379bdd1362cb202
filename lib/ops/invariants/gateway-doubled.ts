/** Two machines deliver under one name: nothing is lost, and nobody can tell any more who measured what. */

import type { Invariant } from './invariant.ts';

export const gatewayDoubled: Invariant = {
  name: 'gateway_doubled',
  about: 'no two machines deliver under one name to the write API of this one',
  severity: 'warning',
  hint: 'On one of the two: sudo sensorctl config set gateway NAME, then restart its reader. A card that was copied?',
  // Its write API has waited for the fourth turn.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: [],
  subjects: ({ api }) => api?.doubled.map(({ gateway }) => gateway) ?? [],
  judge({ subject, look: { api } }) {
    if (api === undefined) return 'unknown';
    const found = api.doubled.find(({ gateway }) => gateway === subject);
    if (found === undefined) return 'whole';
    const from = [...new Set(found.streams.map((one) => one.from))];
    return {
      title: `two machines deliver as ${subject}${from.length > 1 ? `, from ${from.join(' and ')}` : ''}`,
      evidence: { streams: found.streams },
    };
  },
};
