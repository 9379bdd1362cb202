/** Somebody tries tokens at the write API. It is hopeless, and somebody should know who does it. */

import { type Invariant, ONLY_ONE } from './invariant.ts';
import { grownBy } from './past.ts';

const WINDOW_MS = 3_600_000;
/** More than a person mistypes, or a fleet that was given new tokens brings along. */
const GUESSES_MAX = 20;

export const tokensGuessed: Invariant = {
  name: 'tokens_guessed',
  about: `the write API has been shown fewer than ${GUESSES_MAX} different wrong tokens within an hour, after the first of each sender`,
  severity: 'warning',
  hint: 'Who is it? sudo sensorctl token list. Nobody gets in by guessing; to be rid of it: sudo nft add rule inet filter input ip saddr ADDRESS drop',
  // A count over an hour is no hiccup.
  opens: { seen: 1, of: 1 },
  resolvesAfter: 4,
  parents: [],
  subjects: ({ api }) => (api?.guesses === undefined ? [] : ONLY_ONE),
  judge(one) {
    if (one.look.api === undefined) return 'unknown';
    const { guesses } = one.look.api;
    // It asks nobody for a token any more.
    if (guesses === undefined) return 'gone';
    const grown = grownBy(one, WINDOW_MS, ({ api }) => api?.guesses?.total);
    if (grown === undefined) return 'unknown';
    if (grown < GUESSES_MAX) return 'whole';
    const [most] = guesses.from;
    return {
      title: `${grown} different wrong tokens within an hour, most of them from ${most?.from ?? 'many addresses'}`,
      evidence: {
        guesses: grown,
        from: guesses.from.map(({ lastAt, ...sender }) => ({
          ...sender,
          last_at: new Date(lastAt).toISOString(),
        })),
      },
    };
  },
};
